/** The envelope of Instagram's webhooks, read once for both channels. */
import { z } from 'zod';
import type { ChannelEvent } from '../contract.ts';
import { exactJsonOf } from '../json-body.ts';
import * as wire from './wire.ts';

/** One happening: an element of `messaging` or `standby`, or a field's change. */
export type Happening =
  | { kind: 'messaging'; value: unknown; standby: boolean }
  | { kind: 'change'; field: string; value: unknown; entryMs: number | undefined };

const envelope = z.looseObject({ object: z.literal('instagram'), entry: z.array(z.unknown()) });
const entry = z.looseObject({
  time: wire.time,
  messaging: z.array(z.unknown()).optional().catch(undefined),
  standby: z.array(z.unknown()).optional().catch(undefined),
  changes: z.array(z.unknown()).optional().catch(undefined),
  // Instagram Login's documentation shows a comment's field and value right on the entry.
  field: wire.text.optional().catch(undefined),
  value: z.unknown().optional(),
});
const change = z.looseObject({ field: wire.text.min(1), value: z.unknown() });

/** Everything in a body, in its order; null where it is no Instagram webhook at all. */
export function happeningsOf(body: Uint8Array): Happening[] | null {
  const read = envelope.safeParse(exactJsonOf(body));
  if (!read.success) return null;
  return read.data.entry.flatMap((each): Happening[] => {
    const found = entry.safeParse(each);
    if (!found.success) return [];
    const { time: entryMs, messaging = [], standby = [], changes = [], field, value } = found.data;
    const direct = field === undefined || value === undefined ? [] : [{ field, value }];
    return [
      ...messaging.map((one): Happening => ({ kind: 'messaging', value: one, standby: false })),
      ...standby.map((one): Happening => ({ kind: 'messaging', value: one, standby: true })),
      ...[...changes, ...direct].flatMap((one): Happening[] => {
        const known = change.safeParse(one);
        return known.success ? [{ kind: 'change', ...known.data, entryMs }] : [];
      }),
    ];
  });
}

const names = z.looseObject({
  id: wire.id.optional().catch(undefined),
  media_id: wire.id.optional().catch(undefined),
  comment_id: wire.id.optional().catch(undefined),
  timestamp: wire.time,
});

/** A field that none of our readers knows: kept as something that happened to the account. */
export function unknownChange(field: string, value: unknown, entryMs: number | undefined): ChannelEvent {
  const { id, media_id: mediaId, comment_id: commentId, timestamp } = names.safeParse(value).data ?? {};
  const ids = [id, mediaId, commentId, timestamp ?? entryMs].filter((each) => each !== undefined);
  return {
    kind: 'account',
    eventId: ['change', field, ...ids].join(':'),
    change: field,
    facts: { field, ...(id === undefined ? {} : { id }) },
  };
}
