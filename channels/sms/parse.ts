import type { ChannelEvent, DeliveryStatusEvent, InboundPart, RawRequest } from '../contract.ts';
import { jsonOf } from '../json-body.ts';
import { mediaKindOf } from '../media-kind.ts';
import type { SmsInbox } from './call.ts';
import { deliveryError } from './errors.ts';
import { isE164 } from './number.ts';
import { optOutOf } from './opt-out.ts';
import { formFields, signedBodyHash } from './signature.ts';
import * as wire from './wire.ts';

type Malformed = { kind: 'malformed'; message: string };

/** One request is one message, or one status of one that we sent. Total: no body makes it throw. */
export function parseTwilio(inbox: SmsInbox, request: RawRequest): ChannelEvent[] | Malformed {
  const url = URL.canParse(request.url) ? new URL(request.url) : null;
  const fields = fieldsOf(request);
  return url?.pathname.endsWith('/status')
    ? readStatus(fields, url.searchParams.get('key') ?? undefined)
    : readMessage(inbox, fields);
}

/** The first value of each field. A URL with a hash goes with a JSON body, of the same fields. */
function fieldsOf(request: RawRequest): Record<string, unknown> {
  if (signedBodyHash(request.url) !== null) {
    const json = jsonOf(request.body);
    return json !== null && typeof json === 'object' && !Array.isArray(json) ? json : {};
  }
  return Object.fromEntries(formFields(request.body).toReversed());
}

function readMessage(inbox: SmsInbox, fields: Record<string, unknown>): ChannelEvent[] | Malformed {
  const read = wire.inbound.safeParse(fields);
  if (!read.success) return { kind: 'malformed', message: 'The body is no message of Twilio’s.' };
  const { MessageSid: sid, From: from } = read.data;
  const contact = { externalId: from, ...(isE164(from) ? { phone: from } : {}) };
  const change = optOutOf(read.data, inbox.settings['optOutKeywords'] !== false);
  const message: ChannelEvent = {
    kind: 'message',
    eventId: sid,
    threadKey: '',
    contact,
    parts: partsOf(read.data),
    providerMessageId: sid,
    replyAddress: { to: from },
  };
  if (change === null) return [message];
  const told: ChannelEvent = { kind: 'contact', eventId: `${sid}:${change}`, threadKey: '', contact, change };
  // A message says of itself that its writer is back: STOP has to come after, and START before, or it would tell nothing new.
  return change === 'blocked' ? [message, told] : [told, message];
}

function partsOf(message: wire.Inbound): InboundPart[] {
  const { Body: text, NumMedia: count } = message;
  const parts: InboundPart[] = [
    ...(text === '' ? [] : [{ kind: 'text' as const, text }]),
    ...Array.from({ length: count }, (_, index) =>
      mediaPart(message[`MediaUrl${index}`], message[`MediaContentType${index}`]),
    ),
  ];
  return parts.length === 0 ? [{ kind: 'unsupported', what: 'empty message' }] : parts;
}

function mediaPart(url: unknown, type: unknown): InboundPart {
  if (typeof url !== 'string' || url === '') return { kind: 'unsupported', what: 'media' };
  const mimeType = typeof type === 'string' && type !== '' ? type : 'application/octet-stream';
  return { kind: mediaKindOf(mimeType), mimeType, source: { url, mimeType } };
}

/** Steps on the way (queued, sending …) tell nothing that we show. */
const statuses: Readonly<Record<string, DeliveryStatusEvent['status']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};
const OPTED_OUT = '21610';

function readStatus(fields: Record<string, unknown>, key: string | undefined): ChannelEvent[] | Malformed {
  const read = wire.statusCallback.safeParse(fields);
  if (!read.success) return { kind: 'malformed', message: 'The body is no status of Twilio’s.' };
  const { MessageSid: sid, MessageStatus: name, ErrorCode: code, ErrorMessage: said, To: to } = read.data;
  const status = Object.hasOwn(statuses, name) ? statuses[name] : undefined;
  if (status === undefined) return [];
  const event: DeliveryStatusEvent = {
    kind: 'status',
    eventId: `${sid}:${name}`,
    providerMessageId: sid,
    status,
    ...(key ? { key } : {}),
    ...(status === 'failed' ? { error: deliveryError(code || undefined, said, name) } : {}),
  };
  if (code !== OPTED_OUT || !to) return [event];
  const contact = { externalId: to, ...(isE164(to) ? { phone: to } : {}) };
  return [event, { kind: 'contact', eventId: `${sid}:blocked`, threadKey: '', contact, change: 'blocked' }];
}
