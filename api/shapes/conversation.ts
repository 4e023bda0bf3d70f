import { z } from '@hono/zod-openapi';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { MOST_UNREAD, type ConversationListRow, type ConversationRow } from '#db/conversations.ts';
import {
  CONVERSATION_STATUSES,
  PRIORITIES,
  type ConversationStatus,
  type MessageWindow,
  type Owner,
  type Priority,
} from '#domain/conversation.ts';
import { messageWindow, type WindowRule } from '#domain/window.ts';
import { asObject } from './inbox.ts';

export const OWNERS = ['bot', 'human', 'none'] as const;
export type OwnerWire = (typeof OWNERS)[number];

export const conversationShape = z
  .object({
    id: z.string(),
    inboxId: z.string(),
    contact: z.object({
      id: z.string(),
      externalId: z.string(),
      name: z.string().nullable(),
      avatarUrl: z.string().nullable(),
    }),
    customerId: z.string().nullable(),
    threadKey: z.string(),
    status: z.enum(CONVERSATION_STATUSES),
    snoozedUntil: z.string().nullable(),
    assigneeId: z.string().nullable(),
    teamId: z.string().nullable(),
    labels: z.array(z.string()),
    priority: z.enum(PRIORITIES),
    owner: z.enum(OWNERS),
    runId: z.string().nullable(),
    lastSeq: z.number(),
    lastMessageAt: z.string().nullable(),
    /** Whether a bot, and with `human` a person, may write now. */
    window: z.object({
      open: z.boolean(),
      closesAt: z.string().optional(),
      /** Messages left, where the channel counts them. */
      remaining: z.number().optional(),
      /** While it is closed, approved templates may still be sent. */
      templates: z.boolean().optional(),
      /** People may write longer, where the inbox's settings say that the provider allowed it. */
      human: z.object({ open: z.boolean(), closesAt: z.string() }).optional(),
    }),
    /** The caller's own; 0 for API keys, 99 means "99 or more". */
    unreadCount: z.number(),
    createdAt: z.string(),
    updatedAt: z.string(),
    resolvedAt: z.string().nullable(),
  })
  .openapi('Conversation');
export type ConversationWire = z.infer<typeof conversationShape>;

export const conversationItemShape = conversationShape
  .extend({
    lastMessage: z
      .object({
        id: z.string(),
        seq: z.number(),
        direction: z.string(),
        authorKind: z.string(),
        /** Its beginning. */
        text: z.string(),
        /** Of an email. */
        subject: z.string().optional(),
        createdAt: z.string(),
      })
      .nullable(),
  })
  .openapi('ConversationListItem');

const ownerNames: Record<Owner, OwnerWire> = { run: 'bot', human: 'human', none: 'none' };

export function toConversation(row: ConversationRow & { unread: number }): ConversationWire {
  return {
    id: row.id,
    inboxId: row.inbox_id,
    contact: {
      id: row.contact_id,
      externalId: row.contact_external_id,
      name: row.contact_name,
      avatarUrl: row.contact_avatar_url,
    },
    customerId: row.customer_id,
    threadKey: row.thread_key,
    status: row.status as ConversationStatus,
    snoozedUntil: row.snoozed_until?.toISOString() ?? null,
    assigneeId: row.assignee_id,
    teamId: row.team_id,
    labels: row.labels,
    priority: row.priority as Priority,
    owner: ownerNames[row.owner as Owner],
    runId: row.run_id,
    lastSeq: row.last_seq,
    lastMessageAt: row.last_message_at?.toISOString() ?? null,
    window: windowOf(row),
    unreadCount: Math.min(row.unread, MOST_UNREAD),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    resolvedAt: row.resolved_at?.toISOString() ?? null,
  };
}

export function toConversationItem(row: ConversationListRow): z.infer<typeof conversationItemShape> {
  const last = row.last_message;
  return {
    ...toConversation(row),
    lastMessage: last && {
      id: last.id,
      seq: last.seq,
      direction: last.direction,
      authorKind: last.author_kind,
      text: last.text,
      ...(last.subject && { subject: last.subject }),
      createdAt: new Date(last.created_at).toISOString(),
    },
  };
}

export function windowRuleOf(inboxType: string): WindowRule {
  const rule = isChannelType(inboxType) ? definitions[inboxType].capabilities.window : undefined;
  return rule ?? { kind: 'none' };
}

export function windowOf(row: ConversationRow): MessageWindow {
  const facts = {
    lastInAt: row.last_in_at,
    sentSinceLastIn: row.sent_since_last_in,
    humanAgent: asObject(row.inbox_settings)['humanAgent'] === true,
  };
  return messageWindow(windowRuleOf(row.inbox_type), facts, new Date());
}
