/** Mail of our own (invitations, password resets) through SMTP_URL; channels send theirs elsewhere. */
import { createTransport } from 'nodemailer';
import type { Config } from '../config.ts';

export interface Mailer {
  /** @throws Error with the mail server's words */
  send(mail: { to: string; subject: string; text: string }): Promise<void>;
}

/** @returns null where SMTP_URL and MAIL_FROM aren't set */
export function createMailer(config: Pick<Config, 'smtpUrl' | 'mailFrom'>): Mailer | null {
  const { smtpUrl, mailFrom } = config;
  if (smtpUrl === null || mailFrom === null) return null;
  const transport = createTransport(smtpUrl, { from: mailFrom });
  return {
    async send(mail) {
      await transport.sendMail(mail);
    },
  };
}
