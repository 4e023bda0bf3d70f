/** What every Meta webhook and answer has in common, read loosely: what is odd or new never costs its siblings. */
import { z } from 'zod';
import type { Json } from '#domain/json.ts';

/** Ids are text to us, also where Meta writes a number. */
export const id = z.union([z.string().min(1), z.int().transform(String)]);
export const optionalId = id.optional().catch(undefined);
export const optionalText = z.string().optional().catch(undefined);

const LATEST_SECONDS = 4_102_444_800;
/** Unix milliseconds or seconds, before the year 2100, as milliseconds: what comes out is a date everywhere. */
export const optionalTime = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,13}$/)
      .transform(Number),
  ])
  .transform((value) => (value <= LATEST_SECONDS ? value * 1000 : value))
  .refine((ms) => ms >= 0 && ms <= LATEST_SECONDS * 1000)
  .optional()
  .catch(undefined);

const entry = z.looseObject({
  id: optionalId,
  time: optionalTime,
  messaging: z.array(z.unknown()).optional().catch(undefined),
  standby: z.array(z.unknown()).optional().catch(undefined),
  changes: z.array(z.unknown()).optional().catch(undefined),
  // Some of Instagram's documents leave the list out.
  field: optionalText,
  value: z.unknown().optional(),
});
const envelope = z.looseObject({ object: z.string(), entry: z.array(z.unknown()) });
const change = z.looseObject({ field: z.string(), value: z.unknown().optional() });

export interface MetaItem {
  from: 'messaging' | 'standby' | 'change';
  /** The field of a change; '' elsewhere. */
  field: string;
  value: unknown;
  accountId: string | undefined;
  /** The entry's time, Unix milliseconds. */
  timeMs: number | undefined;
}

/** Every event of a delivery in order; undefined where the body is no delivery of Meta's. */
export function itemsOf(body: Json | undefined): MetaItem[] | undefined {
  const read = envelope.safeParse(body);
  if (!read.success) return undefined;
  return read.data.entry.flatMap((each) => {
    const one = entry.safeParse(each);
    if (!one.success) return [];
    const {
      id: accountId,
      time: timeMs,
      messaging = [],
      standby = [],
      changes = [],
      field,
      value,
    } = one.data;
    const item = (from: MetaItem['from'], content: unknown, name = ''): MetaItem => ({
      from,
      field: name,
      value: content,
      accountId,
      timeMs,
    });
    const bare = field === undefined ? [] : [{ field, value }];
    return [
      ...messaging.map((content) => item('messaging', content)),
      ...standby.map((content) => item('standby', content)),
      ...[...changes, ...bare].flatMap((content) => {
        const told = change.safeParse(content);
        return told.success ? [item('change', told.data.value, told.data.field)] : [];
      }),
    ];
  });
}

/** The answer to a send. */
export const sentMessage = z.looseObject({ message_id: id, recipient_id: optionalId });
/** The answer to a new comment. */
export const created = z.looseObject({ id });
export const success = z.looseObject({ success: z.union([z.boolean(), z.string()]) });
