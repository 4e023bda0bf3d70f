/** What became of an outbound message, in words a person can act on. */
import type { SendFailureKind } from '#domain/channel.ts';
import type { MessageStatus } from '#domain/message.ts';

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

const FAILURES: Record<SendFailureKind, string> = {
  retry_after: 'The provider asked to wait. It was tried until the time for it ran out.',
  not_sent: 'The provider couldn’t be reached. Nothing arrived; it is safe to send it again.',
  no_answer:
    'It left us, but the provider never confirmed it. It may have arrived, so it isn’t repeated on its own.',
  window_closed: 'The channel’s message window is closed. The contact has to write first.',
  contact_unreachable: 'The contact can’t be reached: they blocked this inbox or left the channel.',
  reauthorize: 'The inbox lost its permission at the provider. An admin has to reconnect it in My Ring.',
  permanent: 'The provider refused this message for good.',
};

export function failureWords(kind: string | undefined): string {
  return kind !== undefined && isKnown(kind) ? FAILURES[kind] : 'It wasn’t delivered.';
}
const isKnown = (kind: string): kind is SendFailureKind => Object.hasOwn(FAILURES, kind);

export const UNKNOWN_WORDS =
  'The provider never confirmed it. It may have arrived, so it isn’t repeated on its own; send it again only if the contact says it is missing.';
