/** What became of an outbound message, in words a person can act on. */
import type { SendFailureKind } from '#domain/channel.ts';
import type { MessageStatus } from '#domain/message.ts';
import type { Message } from '../../lib/api/types.ts';
import { exactTime } from '../../lib/time.ts';

export const DELIVERY_WORDS: Record<
  MessageStatus,
  { word: string; tone: 'muted' | 'ok' | 'warn' | 'danger' }
> = {
  received: { word: 'Received', tone: 'muted' },
  planned: { word: 'Waiting to be sent', tone: 'muted' },
  sending: { word: 'Sending', tone: 'muted' },
  parked: { word: 'Waits until the inbox can send again', tone: 'warn' },
  sent: { word: 'Sent', tone: 'muted' },
  delivered: { word: 'Delivered', tone: 'muted' },
  read: { word: 'Read', tone: 'ok' },
  failed: { word: 'Not delivered', tone: 'danger' },
  unknown: { word: 'No confirmation', tone: 'warn' },
};

/** The mark's tooltip: every step it took, with its time. */
export function deliveryTitle(message: Message): string {
  if (message.error?.kind === 'cancelled') return 'Withdrawn';
  const { word } = DELIVERY_WORDS[message.status];
  const steps: [string, string | null | undefined][] = [
    ['Sent', message.sentAt],
    ['Delivered', message.deliveredAt],
    ['Read', message.readAt],
  ];
  const known = steps.flatMap(([step, at]) => (at ? [`${step} ${exactTime(Date.parse(at))}`] : []));
  const hasArrived = message.status === 'sent' || message.status === 'delivered' || message.status === 'read';
  return hasArrived && known.length > 0 ? [word, ...known].join('\n') : word;
}

const FAILURES: Record<SendFailureKind, string> = {
  retry_after: 'The provider asked to wait. It was tried until the time for it ran out.',
  not_sent: 'The provider couldn’t be reached. Nothing arrived; it is safe to send it again.',
  no_answer:
    'It left us, but the provider never confirmed it. It may have arrived, so it isn’t repeated on its own.',
  window_closed: 'The channel’s message window is closed. The customer has to write first.',
  contact_unreachable: 'The customer can’t be reached: they blocked this inbox or left the channel.',
  reauthorize: 'The inbox lost its permission at the provider. An admin has to reconnect it in My Ring.',
  permanent: 'The provider refused this message for good.',
};

export function failureWords(kind: string | undefined): string {
  return kind !== undefined && isKnown(kind) ? FAILURES[kind] : 'It wasn’t delivered.';
}
const isKnown = (kind: string): kind is SendFailureKind => Object.hasOwn(FAILURES, kind);

export const UNKNOWN_WORDS =
  'The provider never confirmed it. It may have arrived, so it isn’t repeated on its own; send it again only if the customer says it is missing.';

/** Why it waits, where the inbox says so. */
export function parkedWords(inboxReason: string | undefined): string {
  const why = inboxReason
    ? `The inbox can’t send: ${inboxReason.replace(/\.$/, '')}.`
    : 'The inbox can’t send just now.';
  return `${why} Nothing is lost: it goes out in order once it can.`;
}

/** What is said under a message that is in trouble; null where all is well. */
export function troubleWords(message: Message, inboxReason: string | undefined): string | null {
  if (message.error?.kind === 'cancelled') return message.error.message;
  if (message.status === 'failed') return failureWords(message.error?.kind);
  if (message.status === 'unknown') return UNKNOWN_WORDS;
  return message.status === 'parked' ? parkedWords(inboxReason) : null;
}
