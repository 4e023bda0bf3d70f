/** A customer's mail program: writes by SMTP, reads what lies in their mailbox. */
import { simpleParser, type ParsedMail } from 'mailparser';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import { eventually } from '../eventually.ts';
import type { MailServer } from './server.ts';

export interface MailClient {
  address: string;
  /** @returns the Message-ID */
  write(mail: SendMailOptions): Promise<string>;
  /** Answers a mail as programs do: below its Message-ID, its text quoted. */
  answer(mail: ParsedMail, text: string): Promise<string>;
  mails(): Promise<ParsedMail[]>;
  /** The first mail that fits, once it is there. */
  gets(what: string, fits: (mail: ParsedMail) => boolean): Promise<ParsedMail>;
}

export async function openMailClient(
  server: MailServer,
  address: string,
  name: string,
  password = 'their own secret',
): Promise<MailClient> {
  await server.addUser(address, password);
  const transport = nodemailer.createTransport({
    host: server.host,
    port: server.smtp.port,
    secure: false,
    requireTLS: true,
    auth: { user: address, pass: password },
    // The test's own certificate, by a client that isn't under test.
    tls: { rejectUnauthorized: false },
  });
  const client: MailClient = {
    address,
    async write(mail) {
      const { messageId } = await transport.sendMail({ from: { name, address }, ...mail });
      return messageId;
    },
    answer: (mail, text) =>
      client.write({
        to: mail.replyTo?.text ?? mail.from?.text,
        subject: mail.subject?.startsWith('Re:') ? mail.subject : `Re: ${mail.subject ?? ''}`,
        inReplyTo: mail.messageId,
        references: [...[mail.references ?? []].flat(), mail.messageId ?? ''],
        text: `${text}\n\nOn ${mail.date?.toUTCString()}, ${mail.from?.text} wrote:\n${(mail.text ?? '').replaceAll(/^/gm, '> ')}`,
      }),
    async mails() {
      return Promise.all((await server.mails(address)).map((raw) => simpleParser(raw)));
    },
    gets: (what, fits) =>
      eventually(what, async () => (await client.mails()).find(fits), {
        seen: async () =>
          (await client.mails()).map(({ subject, text, messageId, inReplyTo }) => ({
            subject,
            text,
            messageId,
            inReplyTo,
          })),
      }),
  };
  return client;
}
