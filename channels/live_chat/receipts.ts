/** That a visitor's browser has our messages, or showed them. */
import type { DeliveryStatusEvent } from '../contract.ts';
import type { Receipt } from './wire.ts';

/** Each once per contact, message and status, however often it is said. */
export function receiptEvents(
  { status, messageIds }: Receipt,
  contactExternalId: string,
  atMs: number,
): DeliveryStatusEvent[] {
  return [...new Set(messageIds.map((id) => id.toLowerCase()))].map((id) => ({
    kind: 'status',
    eventId: `${contactExternalId}:${status}:${id}`,
    providerMessageId: id,
    status,
    atMs,
  }));
}
