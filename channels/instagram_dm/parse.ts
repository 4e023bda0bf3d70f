import type { ChannelEvent } from '../contract.ts';
import { isOwnId, type InstagramInbox } from '../instagram/call.ts';
import { happeningsOf, unknownChange } from '../instagram/entries.ts';
import * as wire from '../instagram/wire.ts';
import { partsOf } from './attachments.ts';
import { readOther, type Who } from './other-events.ts';
import { referralFacts } from './referral.ts';

/** A body of one account or of many: every happening in it, in order. Total: no body makes it throw. */
export function parseDirectMessages(
  inbox: InstagramInbox,
  body: Uint8Array,
): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const happenings = happeningsOf(body);
  if (happenings === null) return { kind: 'malformed', message: 'The body is not a webhook of Instagram.' };
  return happenings.flatMap((happening) => {
    const read = wire.item.safeParse(happening.value);
    if (happening.kind === 'messaging')
      return read.success ? readItem(inbox, read.data).map(happening.standby ? onStandby : unchanged) : [];
    // The dashboard's test button wraps a message into a change.
    const events = read.success && MESSAGING.test(happening.field) ? readItem(inbox, read.data) : [];
    return events.length > 0 ? events : [unknownChange(happening.field, happening.value, happening.entryMs)];
  });
}

/** Another app answers in this conversation: no flow hears it, and `send` holds bots back. */
function onStandby(event: ChannelEvent): ChannelEvent {
  if (event.kind !== 'message' && event.kind !== 'echo') return event;
  const replyAddress = { ...event.replyAddress, standby: true };
  return event.kind === 'message'
    ? { ...event, replyAddress, automation: 'off' }
    : { ...event, replyAddress };
}
const unchanged = (event: ChannelEvent): ChannelEvent => event;

const MESSAGING = /^(messag|standby)/;

function readItem(inbox: InstagramInbox, item: wire.Item): ChannelEvent[] {
  const message = wire.message.safeParse(item['message']);
  if (message.success) return readMessage(inbox, item, message.data);
  return readOther(item, whoOf(inbox, item));
}

function whoOf(inbox: InstagramInbox, { sender, recipient }: wire.Item): Who {
  const own = isOwnId(inbox, sender?.id);
  const other = own ? recipient : sender;
  return { own, contact: other ? { externalId: other.id } : null };
}

function readMessage(inbox: InstagramInbox, item: wire.Item, message: wire.Message): ChannelEvent[] {
  const { mid, is_deleted: deleted, is_echo: isEcho = false, is_self: isSelf = false } = message;
  const { timestamp } = item;
  if (deleted) {
    const base = { kind: 'delete', eventId: `delete:${mid}`, providerMessageId: mid } as const;
    return [timestamp === undefined ? base : { ...base, atMs: timestamp }];
  }
  const { sender, recipient } = item;
  // An account may write to itself to try things out: then it is its own customer, unless the message is an echo.
  const echo = isEcho || (isOwnId(inbox, sender?.id) && !isSelf);
  const person = echo ? recipient : sender;
  if (!person) return [];
  const quoted = message.reply_to?.mid;
  const common = {
    threadKey: '',
    contact: { externalId: person.id },
    parts: partsOf(message),
    providerMessageId: mid,
    ...(quoted === undefined ? {} : { inReplyTo: quoted }),
    ...(timestamp === undefined ? {} : { sentAtMs: timestamp }),
    replyAddress: { igsid: person.id },
  };
  if (echo) return [{ kind: 'echo', eventId: `echo:${mid}`, ...common }];
  const reference = message.referral ? { reference: { referral: referralFacts(message.referral) } } : {};
  return [{ kind: 'message', eventId: `message:${mid}`, ...common, ...reference }];
}
