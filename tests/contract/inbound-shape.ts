/** The events of channels/contract.ts as a strict schema: what an adapter may hand over, and nothing beside it. */
import { z } from 'zod';

const json: z.ZodType = z.json();
const source = z.record(z.string(), json);
const id = z.string().min(1);
const optional = z.string().optional();

const part = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: z.string().min(1) }),
  z.strictObject({
    kind: z.enum(['image', 'audio', 'video', 'file']),
    source,
    mimeType: z.string().min(1),
    name: optional,
    sizeBytes: z.int().nonnegative().optional(),
    caption: optional,
  }),
  z.strictObject({ kind: z.literal('location'), lat: z.number(), lon: z.number(), name: optional }),
  z.strictObject({
    kind: z.literal('contact_card'),
    name: z.string(),
    phones: z.array(z.string()).optional(),
    emails: z.array(z.string()).optional(),
  }),
  z.strictObject({ kind: z.literal('choice_reply'), id: z.string(), label: z.string() }),
  z.strictObject({ kind: z.literal('unsupported'), what: id }),
]);
const contact = z.strictObject({
  externalId: id,
  name: optional,
  email: optional,
  phone: optional,
  avatarUrl: optional,
});
const base = { eventId: id, providerMessageId: id };

export const channelEvent = z.discriminatedUnion('kind', [
  z.strictObject({
    ...base,
    kind: z.literal('message'),
    threadKey: z.string(),
    contact,
    parts: z.array(part).min(1),
    inReplyTo: id.optional(),
    sentAtMs: z.int().optional(),
    replyAddress: source,
    acknowledge: source.optional(),
  }),
  z.strictObject({ ...base, kind: z.literal('edit'), parts: z.array(part).min(1), atMs: z.int().optional() }),
  z.strictObject({ ...base, kind: z.literal('delete'), atMs: z.int().optional() }),
  z.strictObject({ ...base, kind: z.literal('reaction'), threadKey: z.string(), contact, emoji: z.string() }),
  z.strictObject({
    ...base,
    kind: z.literal('status'),
    status: z.enum(['sent', 'delivered', 'read', 'failed']),
    atMs: z.int().optional(),
  }),
  z.strictObject({
    kind: z.literal('contact'),
    eventId: id,
    threadKey: z.string(),
    contact,
    change: z.enum(['blocked', 'unblocked', 'updated']),
  }),
]);
