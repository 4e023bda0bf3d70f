import { z } from '@hono/zod-openapi';
import type { ActivityRow, MessageRow } from '#db/messages.ts';
import { toText } from '#domain/flow/path.ts';
import type { Json } from '#domain/json.ts';
import type { AuthorKind, MessageDirection, MessageStatus, Part } from '#domain/message.ts';
import { asObject } from './inbox.ts';
import { partShape, toParts, type MissingMedia } from './part.ts';

export const errorWire = z.object({
  kind: z.string(),
  message: z.string(),
  providerCode: z.string().optional(),
});

export const messageShape = z
  .object({
    id: z.string(),
    conversationId: z.string(),
    inboxId: z.string(),
    seq: z.number(),
    direction: z.enum(['in', 'out', 'internal']),
    author: z.object({
      kind: z.enum(['contact', 'agent', 'bot', 'system']),
      id: z.string().optional(),
      externalId: z.string().optional(),
      name: z.string().optional(),
    }),
    parts: z.array(partShape),
    text: z.string(),
    status: z.enum([
      'received',
      'planned',
      'sending',
      'parked',
      'sent',
      'delivered',
      'read',
      'failed',
      'unknown',
    ]),
    /** It leaves then, and can be withdrawn until it has. Only while it waits for that. */
    undoUntil: z.string().optional(),
    error: errorWire.optional(),
    providerMessageId: z.string().nullable(),
    clientMessageId: z.string().nullable(),
    inReplyToId: z.string().optional(),
    /** To the writer of the comment `inReplyToId`, by direct message. */
    as: z.enum(['private_reply']).optional(),
    /** One per person: their last. */
    reactions: z.array(z.object({ emoji: z.string(), by: z.string() })),
    sentAt: z.string().nullable(),
    deliveredAt: z.string().nullable(),
    readAt: z.string().nullable(),
    editedAt: z.string().nullable(),
    deletedAt: z.string().nullable(),
    /** By us, at the provider: comments. */
    hiddenAt: z.string().nullable(),
    likedAt: z.string().nullable(),
    createdAt: z.string(),
  })
  .openapi('Message');
export type MessageWire = z.infer<typeof messageShape>;

export function toMessage(row: MessageRow, link: (mediaId: string) => string): MessageWire {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    inboxId: row.inbox_id,
    seq: row.seq,
    direction: row.direction as MessageDirection,
    author: {
      kind: row.author_kind as AuthorKind,
      ...(row.author_id !== null && { id: row.author_id }),
      ...(row.author_external_id !== null && { externalId: row.author_external_id }),
      ...(row.author_name !== null && { name: row.author_name }),
    },
    parts: toParts(row.parts as unknown as Part[], link, toMissing(row.media_missing)),
    text: row.text,
    status: row.status as MessageStatus,
    ...(row.held_until && { undoUntil: row.held_until.toISOString() }),
    ...(row.error !== null && { error: toError(row.error) }),
    providerMessageId: row.provider_message_id,
    clientMessageId: row.client_message_id,
    ...(row.in_reply_to_id !== null && { inReplyToId: row.in_reply_to_id }),
    ...(row.sent_as !== null && { as: 'private_reply' as const }),
    reactions: toReactions(row.reactions),
    sentAt: row.sent_at?.toISOString() ?? null,
    deliveredAt: row.delivered_at?.toISOString() ?? null,
    readAt: row.read_at?.toISOString() ?? null,
    editedAt: row.edited_at?.toISOString() ?? null,
    deletedAt: row.deleted_at?.toISOString() ?? null,
    hiddenAt: row.hidden_at?.toISOString() ?? null,
    likedAt: row.liked_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}

function toMissing(stored: Json | undefined): MissingMedia {
  return new Map(
    Object.entries(asObject(stored ?? null)).map(([id, value]) => {
      const { state, reason } = asObject(value);
      return [
        id,
        { state: state === 'failed' ? 'failed' : 'pending', ...(typeof reason === 'string' && { reason }) },
      ];
    }),
  );
}

function toReactions(stored: Json | null): MessageWire['reactions'] {
  if (!Array.isArray(stored)) return [];
  return stored.map(asObject).map(({ emoji, by }) => ({ emoji: toText(emoji), by: toText(by) }));
}

/** A stored error, whatever it was stored as. */
export function toError(stored: Json): z.infer<typeof errorWire> {
  const { kind, message, providerCode } = asObject(stored);
  return {
    kind: typeof kind === 'string' ? kind : 'unknown',
    message:
      typeof message === 'string' ? message : typeof stored === 'string' ? stored : 'No more is known.',
    ...(typeof providerCode === 'string' && { providerCode }),
  };
}

/** A line of the thread that is not a message: assigned, labelled, resolved, taken over … */
export const activityShape = z
  .object({
    id: z.string(),
    /** It happened after the message with this seq. */
    afterSeq: z.number(),
    kind: z.string(),
    actor: z.object({ kind: z.string(), id: z.string().optional() }),
    data: z.record(z.string(), z.unknown()),
    createdAt: z.string(),
  })
  .openapi('Activity');

export function toActivity(row: ActivityRow): z.infer<typeof activityShape> {
  return {
    id: row.id,
    afterSeq: row.after_seq,
    kind: row.kind,
    actor: { kind: row.actor_kind, ...(row.actor_id !== null && { id: row.actor_id }) },
    data: asObject(row.data),
    createdAt: row.created_at.toISOString(),
  };
}
