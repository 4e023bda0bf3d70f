/** A composed mail as Microsoft takes it: whole, as MIME, or as a draft's fields with its files beside. */
import type { Json, JsonObject } from '#domain/json.ts';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { ComposedMail } from '../compose.ts';

/** Names our outbox row in the mail itself, so that a draft or a sent mail of it is known again. */
export const KEY_HEADER = 'X-Teloring-Key';

/** Graph takes 4 MB in one call, and the whole mail is base64 there once more. */
export const MOST_MIME_BYTES = 2_700_000;

export async function mimeOf(mail: ComposedMail, key: string): Promise<Buffer> {
  const composer = new MailComposer({ ...mail, headers: { ...mail.headers, [KEY_HEADER]: key } });
  const compiled = composer.compile();
  // Exchange reads the hidden recipients from the mail, and takes them out of what it sends.
  compiled.keepBcc = true;
  return await compiled.build();
}

function people(all: ComposedMail['to']): Json[] {
  return all.map(({ name, address }) => ({ emailAddress: { address, ...(name === '' ? null : { name }) } }));
}

/** Of a mail whose files go up one by one. Of headers Graph takes only our own (x-…): threading is Exchange's, by `createReply`. */
export function draftFields(mail: ComposedMail, key: string): JsonObject {
  const own = Object.entries(mail.headers)
    .filter(([name]) => /^x-/i.test(name))
    .slice(0, 4)
    .map(([name, value]) => ({ name, value }));
  return {
    subject: mail.subject,
    body: { contentType: 'html', content: mail.html },
    toRecipients: people(mail.to),
    ccRecipients: people(mail.cc),
    bccRecipients: people(mail.bcc),
    ...(mail.replyTo === undefined ? {} : { replyTo: [{ emailAddress: { address: mail.replyTo } }] }),
    internetMessageId: mail.messageId,
    internetMessageHeaders: [{ name: KEY_HEADER, value: key }, ...own],
  };
}
