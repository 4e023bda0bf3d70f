/** The events of channels/contract.ts as a strict schema: what an adapter may hand over, and nothing beside it. */
import { z } from 'zod';
import type { SendFailureKind } from '#domain/channel.ts';

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
  z.strictObject({
    kind: z.literal('comment'),
    text: z.string(),
    commentId: id.optional(),
    postId: id.optional(),
    permalink: id.optional(),
  }),
  z.strictObject({
    kind: z.literal('template'),
    name: z.string(),
    language: optional,
    params: json.optional(),
  }),
  z.strictObject({
    kind: z.literal('call'),
    event: id,
    durationSeconds: z.number().nonnegative().optional(),
    direction: z.enum(['in', 'out']).optional(),
    from: optional,
    to: optional,
    by: z.strictObject({ id: id.optional(), name: id.optional() }).optional(),
    digits: id.optional(),
    speech: id.optional(),
    reason: id.optional(),
    code: id.optional(),
    ref: id.optional(),
  }),
  z.strictObject({ kind: z.literal('unsupported'), what: id }),
]);
const contact = z.strictObject({
  externalId: id,
  name: optional,
  email: optional,
  phone: optional,
  avatarUrl: optional,
  aliases: z.array(id).optional(),
});
const health = z.strictObject({ state: z.enum(['unknown', 'ok', 'degraded', 'failing']), reason: optional });
const SEND_FAILURES = [
  'retry_after',
  'not_sent',
  'no_answer',
  'window_closed',
  'contact_unreachable',
  'reauthorize',
  'permanent',
] as const satisfies SendFailureKind[];
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
    reference: source.optional(),
    acknowledge: source.optional(),
    automation: z.literal('off').optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('echo'),
    threadKey: z.string(),
    contact,
    parts: z.array(part).min(1),
    key: id.optional(),
    inReplyTo: id.optional(),
    sentAtMs: z.int().optional(),
    replyAddress: source,
  }),
  z.strictObject({
    kind: z.literal('watermark'),
    eventId: id,
    threadKey: z.string(),
    contact,
    status: z.enum(['delivered', 'read']),
    untilMs: z.int(),
  }),
  z.strictObject({
    kind: z.literal('account'),
    eventId: id,
    change: id,
    inbound: health.optional(),
    outbound: health.optional(),
    facts: source,
  }),
  z.strictObject({ ...base, kind: z.literal('edit'), parts: z.array(part).min(1), atMs: z.int().optional() }),
  z.strictObject({ ...base, kind: z.literal('delete'), atMs: z.int().optional() }),
  z.strictObject({ ...base, kind: z.literal('reaction'), threadKey: z.string(), contact, emoji: z.string() }),
  z.strictObject({
    ...base,
    kind: z.literal('status'),
    status: z.enum(['sent', 'delivered', 'read', 'failed']),
    key: id.optional(),
    error: z
      .strictObject({ kind: z.enum(SEND_FAILURES), message: z.string(), providerCode: optional })
      .optional(),
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
