import { z } from '@hono/zod-openapi';
import { CHANNEL_TYPES, type ChannelType, type HealthState, type InboxState } from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { InboxRow } from '#db/inboxes.ts';

const healthShape = z.object({
  state: z.enum(['unknown', 'ok', 'degraded', 'failing']),
  reason: z.string().optional(),
  since: z.string(),
});

export const inboxShape = z
  .object({
    id: z.string(),
    type: z.enum(CHANNEL_TYPES),
    name: z.string(),
    sandbox: z.boolean(),
    state: z.enum(['onboarding', 'active', 'degraded', 'needs_attention', 'disconnected']),
    inbound: healthShape,
    outbound: healthShape,
    account: z.object({ externalId: z.string(), label: z.string() }),
    settings: z.record(z.string(), z.unknown()),
    canSend: z.boolean(),
    reopenWithinHours: z.number(),
    lastInAt: z.string().nullable(),
    lastOutAt: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .openapi('Inbox');
export type InboxWire = z.infer<typeof inboxShape>;

export function toInbox(row: InboxRow): InboxWire {
  return {
    id: row.id,
    type: row.type as ChannelType,
    name: row.name,
    sandbox: row.sandbox,
    state: row.state as InboxState,
    inbound: toHealth(row.inbound_health, row.created_at),
    outbound: toHealth(row.outbound_health, row.created_at),
    account: { externalId: row.account_key, label: row.account_label },
    settings: asObject(row.settings),
    canSend: row.can_send,
    reopenWithinHours: row.reopen_within_hours,
    lastInAt: row.last_in_at?.toISOString() ?? null,
    lastOutAt: row.last_out_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

function toHealth(stored: Json, createdAt: Date): InboxWire['inbound'] {
  const { state, reason, since } = asObject(stored);
  return {
    state: typeof state === 'string' ? (state as HealthState) : 'unknown',
    ...(typeof reason === 'string' && { reason }),
    since: typeof since === 'string' ? since : createdAt.toISOString(),
  };
}

export function asObject(value: Json): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}
