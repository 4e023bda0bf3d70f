import { isMedia, plainText, type MediaPart, type Part } from '#domain/message.ts';
import { beforeSend } from '../before-send.ts';
import { ChannelError, type OutboundMessage, type SendOptions, type Sent } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable, type SmsInbox } from './call.ts';
import { toE164 } from './number.ts';
import { sentMessage } from './wire.ts';

/** Sends one part as one message; its status comes back to a URL that names the outbox row. @throws ChannelError */
export async function sendSms(
  http: HttpClient,
  inbox: SmsInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const [part, ...others] = message.parts;
  if (!part || others.length > 0) throw new ChannelError('permanent', 'An SMS takes one part in one call.');
  const { phoneNumber, messagingServiceSid, webhookUrl } = inbox.credentials;
  // As Twilio named them: a short code, read as a number of our country, would be somebody else's.
  const { to } = message.replyAddress;
  const form = new URLSearchParams({
    To: typeof to === 'string' && to !== '' ? to : toE164(message.contactExternalId, phoneNumber),
    ...(messagingServiceSid ? { MessagingServiceSid: messagingServiceSid } : { From: phoneNumber }),
    ...(await contentOf(inbox, part, options)),
    ...(webhookUrl ? { StatusCallback: statusUrl(webhookUrl, options.key) } : {}),
  });
  const answer = sentMessage.safeParse(
    await callTwilio(http, inbox, { method: 'POST', path: '/Messages.json', form, signal: options.signal }),
  );
  if (!answer.success) throw unreadable('the message');
  return { providerMessageId: answer.data.sid };
}

/** Twilio repeats the URL with every status, and signs it. */
export function statusUrl(webhookUrl: string, key: string): string {
  return `${webhookUrl}/status?key=${encodeURIComponent(key)}`;
}

async function contentOf(inbox: SmsInbox, part: Part, options: SendOptions): Promise<Record<string, string>> {
  if (!isMedia(part)) {
    const text = plainText([part]);
    if (text.trim() === '') throw new ChannelError('permanent', 'Twilio takes no message without text.');
    return { Body: text };
  }
  const url = await linkOf(part, options);
  const caption = part.caption ?? '';
  if (inbox.credentials.mms !== false && travelsAsMms(part))
    return { ...(caption === '' ? {} : { Body: caption }), MediaUrl: url };
  const line = `${(part.name ?? part.kind).slice(0, MAX_NAME_LENGTH)}: ${url}`;
  return { Body: caption === '' ? line : `${caption}\n${line}` };
}

async function linkOf(part: MediaPart, options: SendOptions): Promise<string> {
  if (!options.mediaUrl)
    throw new ChannelError('permanent', 'Files go by link, and this installation gives none out.');
  return await beforeSend('The file', options.mediaUrl(part.mediaId));
}

const MAX_NAME_LENGTH = 100;
const MAX_MMS_BYTES = 5 * 1024 * 1024;
/** What Twilio takes as media; everything else goes as a link in the text. */
const MMS_TYPES =
  /^(image\/(jpe?g|png|gif|bmp|tiff|webp)|audio\/|video\/|application\/(pdf|vcard|vnd\.apple\.pkpass)|text\/(x-)?(vcard|csv|rtf|calendar))/;

function travelsAsMms({ mimeType, sizeBytes = 0 }: MediaPart): boolean {
  return MMS_TYPES.test(mimeType.toLowerCase()) && sizeBytes <= MAX_MMS_BYTES;
}
