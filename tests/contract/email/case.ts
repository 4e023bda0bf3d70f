import { readdirSync, readFileSync } from 'node:fs';
import { signBody } from '#channels/hmac.ts';
import { startMailServer } from '../../support/mail-server.ts';
import { inboxOf, jsonBytes, nowMs, post, type ContractCase } from '../contract-case.ts';

const secret = 'a managed inbox’s secret of 32 chars or more';
const address = 'support-x1y2z3@mail.example';

const folder = new URL('../../../channels/email/samples/', import.meta.url);
/** Mails as programs write them, by name. */
export const mails: Record<string, Buffer> = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))]),
);
/** As a mail provider hands them over. */
const posted = (raw: Uint8Array, sender = 'bounce@example.com'): Uint8Array =>
  jsonBytes({ recipient: address, sender, rawBase64: Buffer.from(raw).toString('base64') });

const textMail = (text: string): Buffer =>
  Buffer.from(
    [
      'From: Ann <ann@example.com>',
      `To: ${address}`,
      'Subject: Text',
      'Message-ID: <text@example.com>',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(text, 'utf8').toString('base64'),
    ].join('\r\n'),
  );

export const emailInbox = inboxOf('email', { kind: 'managed', address, secret }, { accountKey: address });
export const imapInbox = (smtpPort: number) =>
  inboxOf(
    'email',
    {
      kind: 'imap',
      address: 'support@shop.example',
      imap: { host: '127.0.0.1', port: 9, secure: false, user: 'support', password: 'right password' },
      smtp: { host: '127.0.0.1', port: smtpPort, secure: false, user: 'support', password: 'right password' },
    },
    { accountKey: 'support@shop.example' },
  );

export const emailCase: ContractCase = {
  inbox: emailInbox,
  samples: Object.fromEntries(Object.entries(mails).map(([name, raw]) => [name, posted(raw)])),
  textBody: (text) => posted(textMail(text)),
  textParts: (text) => {
    const said = text.toWellFormed().replaceAll('\r\n', '\n').trim();
    return [...(said === '' ? [] : [{ kind: 'text', text: said }]), { kind: 'email', subject: 'Text' }];
  },
  request: (body) => post({ 'x-teloring-signature': signBody(secret, body, nowMs) })(body),
  proof: { headers: ['x-teloring-signature'], coversBody: true },
  batches: [],
  openProvider: async () => {
    const server = await startMailServer();
    return {
      inbox: imapInbox(server.port),
      message: { contactExternalId: 'ann@example.com' },
      close: server.close,
    };
  },
};
