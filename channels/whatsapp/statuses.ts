import type { ChannelEvent, DeliveryStatusEvent } from '../contract.ts';
import { statusError } from './codes.ts';
import * as wire from './wire.ts';

const states: Readonly<Record<string, DeliveryStatusEvent['status']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  /** A voice message was listened to. */
  played: 'read',
  failed: 'failed',
};

/** Null for a status that isn't one of ours to show (the caller keeps it as an account event). Names no contact: none is needed. */
export function statusEvent(item: unknown): ChannelEvent | null {
  const read = wire.status.safeParse(item);
  if (!read.success) return null;
  const { id, timestamp, recipient_participant_id: participant, biz_opaque_callback_data: key } = read.data;
  const status = Object.hasOwn(states, read.data.status) ? states[read.data.status] : undefined;
  if (status === undefined) return null;
  return {
    kind: 'status',
    // In a group every member has a status of their own.
    eventId: [id, read.data.status, participant].filter((each) => each !== undefined).join(':'),
    providerMessageId: id,
    status,
    ...(key === undefined ? {} : { key }),
    ...(status === 'failed' ? { error: statusError(read.data.errors?.[0]) } : {}),
    ...(timestamp === undefined ? {} : { atMs: timestamp * 1000 }),
  };
}
