/** Message-IDs of our own mails: made from the outbox key, so that every attempt has the same and an answer finds its way. */
import { domainOf } from './addresses.ts';

export function ownMessageId(key: string, fromAddress: string): string {
  return `<teloring.${key}@${domainOf(fromAddress)}>`;
}

/** The outbox row that an id names; null where it isn't of our making. */
export function outboxIdOf(messageId: string): string | null {
  const [, key] = /^<teloring\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/i.exec(messageId) ?? [];
  return key?.toLowerCase() ?? null;
}
