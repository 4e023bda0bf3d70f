/** What LINE takes as messages, and how it refuses the rest. */
import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';
import { Refusal } from './answers.ts';

const https = z
  .string()
  .max(2000)
  .regex(/^https?:\/\//, 'Invalid URL');
const postback = z.object({
  type: z.literal('postback'),
  label: z.string().min(1).max(20),
  data: z.string().min(1).max(300),
  displayText: z.string().max(300).optional(),
});
const quickReply = z.object({
  items: z
    .array(z.object({ type: z.literal('action'), action: postback }))
    .min(1)
    .max(13),
});
const common = { quickReply: quickReply.optional() };
const message = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('text'),
    text: z.string().max(5000).regex(/\S/, 'May not be empty'),
    quoteToken: z.string().optional(),
    ...common,
  }),
  z.object({ type: z.literal('image'), originalContentUrl: https, previewImageUrl: https, ...common }),
  z.object({ type: z.literal('video'), originalContentUrl: https, previewImageUrl: https, ...common }),
  z.object({ type: z.literal('audio'), originalContentUrl: https, duration: z.int().positive(), ...common }),
  z.object({
    type: z.literal('location'),
    title: z.string().min(1).max(100),
    address: z.string().min(1).max(100),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    ...common,
  }),
]);
const body = z.object({ messages: z.array(message).min(1).max(5) });

/** @throws Refusal naming every wrong property */
export function checkedMessages(given: JsonObject): JsonObject[] {
  const read = body.safeParse(given);
  if (read.success) return read.data.messages;
  const details = read.error.issues.map(({ path, message: words }) => ({
    message: words,
    property: path
      .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
      .join(''),
  }));
  throw new Refusal(400, `The request body has ${details.length} error(s)`, { details });
}
