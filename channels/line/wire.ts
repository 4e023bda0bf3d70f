/** What we read of the Messaging API, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';

const text = z.string();
const id = text.min(1).max(512);
const maybe = id.optional().catch(undefined);
/** Unix milliseconds, before the year 2100: what comes out is a date everywhere. */
const time = z.int().min(0).max(4_102_444_800_000).optional().catch(undefined);

export const delivery = z.looseObject({ events: z.array(z.unknown()) });

export const source = z.looseObject({ type: text, userId: maybe, groupId: maybe, roomId: maybe });
export const event = z.looseObject({
  type: id,
  webhookEventId: maybe,
  timestamp: time,
  mode: text.optional().catch(undefined),
  replyToken: maybe,
  source: source.optional().catch(undefined),
});
export type Event = z.infer<typeof event>;

export const message = z.looseObject({
  id,
  type: id,
  quoteToken: text.min(1).optional().catch(undefined),
  markAsReadToken: text.min(1).optional().catch(undefined),
  quotedMessageId: maybe,
});
export type Message = z.infer<typeof message>;

export const external = z.looseObject({
  contentProvider: z.looseObject({ type: z.literal('external'), originalContentUrl: text.min(1).max(4000) }),
});
export const file = z.looseObject({
  fileName: text.min(1).optional().catch(undefined),
  fileSize: z.int().nonnegative().optional().catch(undefined),
});
export const place = z.looseObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  title: text.optional().catch(undefined),
  address: text.optional().catch(undefined),
});
export const sticker = z.looseObject({
  stickerId: text.regex(/^\d{1,20}$/),
  text: text.optional().catch(undefined),
});
export const unsend = z.looseObject({ messageId: id });
export const postback = z.looseObject({
  data: text,
  params: z.record(text, z.unknown()).optional().catch(undefined),
});
export const ourPostback = z.strictObject({ id: text, label: text });
export const members = z.looseObject({ members: z.array(z.looseObject({ userId: id }).or(z.unknown())) });

// Answers ------------------------------------------------------------------------------------------------------------
const sentMessages = z.array(z.looseObject({ id })).min(1);
export const sent = z.looseObject({ sentMessages });
export const refusal = z.looseObject({
  message: text.optional().catch(undefined),
  details: z
    .array(
      z.looseObject({
        message: text.optional().catch(undefined),
        property: text.optional().catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
  sentMessages: sentMessages.optional().catch(undefined),
});
export const botInfo = z.looseObject({
  userId: id,
  basicId: text.optional().catch(undefined),
  displayName: text.optional().catch(undefined),
  pictureUrl: text.optional().catch(undefined),
  chatMode: text.optional().catch(undefined),
  markAsReadMode: text.optional().catch(undefined),
});
export const endpoint = z.looseObject({ endpoint: text.catch(''), active: z.boolean().catch(false) });
export const test = z.looseObject({
  success: z.boolean().catch(false),
  statusCode: z.int().catch(0),
  reason: text.catch(''),
  detail: text.catch(''),
});
export const quota = z.looseObject({
  type: text.catch('none'),
  value: z.number().nonnegative().optional().catch(undefined),
});
export const consumption = z.looseObject({ totalUsage: z.number().nonnegative() });
export const profile = z.looseObject({
  displayName: text.optional().catch(undefined),
  pictureUrl: text.optional().catch(undefined),
});
export const group = z.looseObject({
  groupName: text.optional().catch(undefined),
  pictureUrl: text.optional().catch(undefined),
});
export const transcoding = z.looseObject({ status: text });
