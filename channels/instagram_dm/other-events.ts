/** What comes under `messaging` beside messages. */
import type { ChannelEvent, InboundContact, InboundPart } from '../contract.ts';
import * as wire from '../instagram/wire.ts';
import { referralFacts } from './referral.ts';

/** Who wrote, and whether that was the account itself. */
export interface Who {
  own: boolean;
  contact: InboundContact | null;
}

/** Total; what none of the readers knows is kept as `unsupported`, in the sender's conversation. */
export function readOther(item: wire.Item, who: Who): ChannelEvent[] {
  for (const [key, reader] of Object.entries(readers)) {
    if (item[key] === undefined) continue;
    const events = reader(item[key], item, who);
    if (events) return events;
  }
  return unknownItem(item, who);
}

/** Null where the value is not as documented. */
type Reader = (value: unknown, item: wire.Item, who: Who) => ChannelEvent[] | null;

const readers: Record<string, Reader> = {
  message_edit(value, { timestamp }) {
    const read = wire.messageEdit.safeParse(value);
    if (!read.success) return null;
    const { mid, text, num_edit: count } = read.data;
    // Told at once for new messages too: nothing has been edited yet.
    if (count === 0) return [];
    const part: InboundPart = text ? { kind: 'text', text } : { kind: 'unsupported', what: 'message_edit' };
    return [
      {
        kind: 'edit',
        eventId: `edit:${mid}:${count ?? timestamp ?? ''}`,
        providerMessageId: mid,
        parts: [part],
        ...(timestamp === undefined ? {} : { atMs: timestamp }),
      },
    ];
  },
  postback(value, item, who) {
    const read = wire.postback.safeParse(value);
    if (!read.success) return null;
    const { mid, title, payload, referral } = read.data;
    const label = title ?? payload;
    const part: InboundPart =
      label === undefined
        ? { kind: 'unsupported', what: 'postback' }
        : { kind: 'choice_reply', id: payload ?? label, label };
    return written(item, who, mid ?? madeUpId('postback', item), 'postback', [part], referral);
  },
  referral(value, item, who) {
    const read = wire.referral.safeParse(value);
    if (!read.success) return null;
    const parts: InboundPart[] = [{ kind: 'unsupported', what: 'referral' }];
    return written(item, who, madeUpId('referral', item), 'referral', parts, read.data);
  },
  reaction(value, { timestamp }, { own, contact }) {
    const read = wire.reaction.safeParse(value);
    if (!read.success) return null;
    // The account's own reaction is nobody's of the conversation.
    if (own || !contact) return [];
    const { mid, action, emoji, reaction } = read.data;
    const taken = action === 'unreact';
    return [
      {
        kind: 'reaction',
        eventId: ['reaction', mid, contact.externalId, timestamp ?? '', taken ? 'un' : ''].join(':'),
        threadKey: '',
        contact,
        providerMessageId: mid,
        emoji: taken ? '' : (emoji ?? (reaction === 'love' ? '❤' : reaction) ?? '❤'),
      },
    ];
  },
  read(value, { timestamp }, { own, contact }) {
    const read = wire.seen.safeParse(value);
    if (!read.success) return null;
    if (own) return [];
    const { mid, watermark } = read.data;
    const at = timestamp === undefined ? {} : { atMs: timestamp };
    if (mid !== undefined)
      return [{ kind: 'status', eventId: `read:${mid}`, providerMessageId: mid, status: 'read', ...at }];
    if (watermark === undefined || !contact) return [];
    const eventId = `read:${contact.externalId}:${watermark}`;
    return [{ kind: 'watermark', eventId, threadKey: '', contact, status: 'read', untilMs: watermark }];
  },
  pass_thread_control: (_, item, who) => handover('pass_thread_control', item, who),
  take_thread_control: (_, item, who) => handover('take_thread_control', item, who),
  request_thread_control: (_, item, who) => handover('request_thread_control', item, who),
};

/** Another app of the account got the conversation or gave it back: for Diagnostics. */
function handover(change: string, { timestamp }: wire.Item, { contact }: Who): ChannelEvent[] {
  const who = contact?.externalId ?? '';
  return [
    { kind: 'account', eventId: `${change}:${who}:${timestamp ?? ''}`, change, facts: { contact: who } },
  ];
}

function unknownItem(item: wire.Item, who: Who): ChannelEvent[] {
  const content = Object.keys(item).find((key) => !['sender', 'recipient', 'timestamp'].includes(key));
  if (content === undefined) return [];
  return written(item, who, madeUpId(content, item), content, [{ kind: 'unsupported', what: content }]);
}

function written(
  item: wire.Item,
  { own, contact }: Who,
  id: string,
  kind: string,
  parts: InboundPart[],
  referral?: NonNullable<wire.Message['referral']>,
): ChannelEvent[] {
  if (own || !contact) return [];
  return [
    {
      kind: 'message',
      eventId: id.startsWith(`${kind}:`) ? id : `${kind}:${id}`,
      threadKey: '',
      contact,
      parts,
      providerMessageId: id,
      ...(item.timestamp === undefined ? {} : { sentAtMs: item.timestamp }),
      replyAddress: { igsid: contact.externalId },
      ...(referral ? { reference: { referral: referralFacts(referral) } } : {}),
    },
  ];
}

/** Of what has no id of its own: its kind, who and when. No message of Instagram's, so it can't be quoted. */
function madeUpId(kind: string, { sender, timestamp }: wire.Item): string {
  return `${kind}:${sender?.id ?? ''}:${timestamp ?? ''}`;
}
