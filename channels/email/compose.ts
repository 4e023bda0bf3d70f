/** An outbound message → a mail. Pure: bytes of files come in opened. */
import type { AdapterInbox, MediaBytes, OutboundMessage } from '../contract.ts';
import type { EmailCredentials } from './definition.ts';

/** A file of the message, opened. */
export interface ComposeFile extends MediaBytes {
  mediaId: string;
}
export interface ComposeInput {
  inbox: AdapterInbox<EmailCredentials>;
  message: OutboundMessage;
  /** `SendOptions.key`: the Message-ID is made from it. */
  key: string;
  files: readonly ComposeFile[];
  /** Keys of reply tokens, the signing one first; without any there is no reply address of its own. */
  replyKeys: readonly Uint8Array[];
}
/** What nodemailer's `sendMail` and `MailComposer` take. */
export interface ComposedMail {
  from: { name: string; address: string };
  replyTo?: string;
  to: { name: string; address: string }[];
  cc: { name: string; address: string }[];
  bcc: { name: string; address: string }[];
  subject: string;
  messageId: string;
  inReplyTo?: string;
  references?: string[];
  date: Date;
  headers: Record<string, string>;
  text: string;
  html: string;
  attachments: { filename: string; content: Buffer; contentType: string; cid?: string }[];
}
export function composeMail(_input: ComposeInput): ComposedMail {
  throw new Error('Not yet.');
}
