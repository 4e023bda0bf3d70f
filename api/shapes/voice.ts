/** Calls, phones and presence on the wire. */
import { z } from '@hono/zod-openapi';
import type { CallRow } from '#db/calls.ts';
import type { PresenceRow } from '#db/presence.ts';
import type { JsonObject } from '#domain/json.ts';
import { CALL_END_REASONS, CALL_STATES, PRESENCE_CHOICES } from '#domain/call.ts';

const person = z.object({ id: z.uuid(), name: z.string() });

export const callShape = z
  .object({
    id: z.uuid(),
    inboxId: z.uuid(),
    provider: z.enum(['twilio', 'sip']),
    /** Null for a moment, until the first event of an incoming call is a message. */
    conversationId: z.uuid().nullable(),
    /** The provider's id of the call (Twilio's CallSid); null until it has one. */
    providerCallId: z.string().nullable(),
    direction: z.enum(['in', 'out']),
    state: z.enum(CALL_STATES),
    from: z.string(),
    to: z.string(),
    contact: z.object({ id: z.uuid(), name: z.string().nullable() }).nullable(),
    /** Members whose phones ring now. */
    ringing: z.array(z.uuid()),
    /** The member on the phone; of a call of ours, who placed it. */
    agent: person.nullable(),
    held: z.boolean(),
    startedAt: z.iso.datetime(),
    answeredAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    endReason: z.enum(CALL_END_REASONS).nullable(),
    durationSeconds: z.number().int().nullable(),
    /** The agent's time after the call, in which no phone of theirs rings. */
    wrapUpUntil: z.iso.datetime().nullable(),
  })
  .openapi('Call');
export type CallWire = z.infer<typeof callShape>;

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

/** The provider is the inbox's; its credentials stay where they are. */
export function toCall(row: CallRow, inbox: { credentials: JsonObject }): CallWire {
  return {
    id: row.id,
    inboxId: row.inbox_id,
    provider: inbox.credentials['provider'] === 'sip' ? 'sip' : 'twilio',
    conversationId: row.conversation_id,
    providerCallId: row.provider_call_id,
    direction: row.direction,
    state: row.state,
    from: row.from_number,
    to: row.to_number,
    contact: row.contact_id === null ? null : { id: row.contact_id, name: row.contact_name },
    ringing: row.ringing,
    agent: row.agent_id === null ? null : { id: row.agent_id, name: row.agent_name ?? '' },
    held: row.held,
    startedAt: row.started_at.toISOString(),
    answeredAt: iso(row.answered_at),
    endedAt: iso(row.ended_at),
    // A provider's word of tomorrow is still an end.
    endReason:
      CALL_END_REASONS.find((reason) => reason === row.end_reason) ??
      (row.ended_at === null ? null : 'completed'),
    durationSeconds: row.duration_seconds,
    wrapUpUntil: iso(row.wrap_up_until),
  };
}

/** What a phone needs to register; nothing of the account's own secrets. */
export const sessionShape = z
  .discriminatedUnion('provider', [
    z.object({
      provider: z.literal('twilio'),
      /** A JWT for Twilio's browser SDK, good for an hour; ask anew before. */
      token: z.string(),
      identity: z.string(),
      expiresAt: z.iso.datetime(),
      /** The inbox's number. */
      from: z.string(),
      /** True: no Twilio behind it. Calls are answered by POST /api/voice/calls/{callId}/sandbox. */
      sandbox: z.boolean(),
    }),
    z.object({
      provider: z.literal('sip'),
      wsUrl: z.string(),
      uri: z.string(),
      authorizationUser: z.string(),
      /** Exactly one of the two: MD5(user:realm:password) where the inbox names its realm, else the password itself. */
      password: z.string().optional(),
      ha1: z.string().optional(),
      realm: z.string().optional(),
      displayName: z.string(),
      iceServers: z.array(
        z.object({
          urls: z.array(z.string()),
          username: z.string().optional(),
          credential: z.string().optional(),
        }),
      ),
    }),
  ])
  .openapi('VoiceSession');
export type SessionWire = z.infer<typeof sessionShape>;

export const placeCallBody = z.object({
  /** E.164, or as people write it in the inbox's own country. */
  to: z.string().min(2).max(64),
  /** Chosen by the phone: repeating it places nothing twice. */
  clientCallId: z.string().min(1).max(100),
  conversationId: z.uuid().optional(),
});
export const placedShape = z
  .object({
    callId: z.uuid(),
    conversationId: z.uuid(),
    /** Twilio: `device.connect({ params: dial.params })`. SIP: call `dial.to`. */
    dial: z.object({ to: z.string(), from: z.string(), params: z.record(z.string(), z.string()) }),
  })
  .openapi('PlacedCall');

/** What a phone saw. `heartbeat` is no event: it says that the call goes on and the phone is there. */
export const PHONE_EVENTS = [
  'ringing',
  'answered',
  'held',
  'resumed',
  'transferred',
  'ended',
  'failed',
  'heartbeat',
] as const;
export const phoneEventBody = z.object({
  /** The same on every attempt to tell it. */
  eventId: z.string().min(1).max(100),
  event: z.enum(PHONE_EVENTS),
  at: z.iso.datetime().optional(),
  sipCode: z.int().min(100).max(699).optional(),
  /** Whom to, of a transfer. */
  to: z.string().max(200).optional(),
  /** For a call that isn't known yet, an incoming one: which inbox, and who calls. */
  inboxId: z.uuid().optional(),
  from: z.string().max(200).optional(),
  name: z.string().max(200).optional(),
  /** The SIP Call-ID, where the exchange gives all phones the same. */
  providerCallId: z.string().max(300).optional(),
});
export type PhoneEventBody = z.infer<typeof phoneEventBody>;

export const holdBody = z.object({ held: z.boolean() });
export const transferBody = z
  .object({ agentId: z.uuid().optional(), to: z.string().min(2).max(64).optional() })
  .refine(({ agentId, to }) => (agentId === undefined) !== (to === undefined), 'Name an agent or a number.');
export const wrapUpBody = z.object({
  /** How long no call comes; 0 ends it. Absent: the inbox's setting. */
  seconds: z.int().min(0).max(3600).optional(),
  /** Kept with the conversation, for colleagues. */
  note: z.string().max(20_000).optional(),
});
/** Sandbox inboxes only: what the agent's side of a made-up call does; `dial` uses a ticket. */
export const sandboxBody = z.object({ do: z.enum(['answer', 'hang_up', 'decline', 'dial']) });

export const presenceShape = z
  .object({
    userId: z.uuid(),
    name: z.string(),
    /** As others see it: busy during a call and its wrap-up, offline after a minute without an open screen. */
    status: z.enum([...PRESENCE_CHOICES, 'offline']),
    /** What they have chosen themselves. */
    chosen: z.enum(PRESENCE_CHOICES),
    callId: z.uuid().nullable(),
    wrapUpUntil: z.iso.datetime().nullable(),
    seenAt: z.iso.datetime().nullable(),
  })
  .openapi('Presence');
export type PresenceWire = z.infer<typeof presenceShape>;

export function toPresence(row: PresenceRow): PresenceWire {
  const { userId, name, status, chosen, callId } = row;
  return {
    userId,
    name,
    status,
    chosen,
    callId,
    wrapUpUntil: row.wrapUpUntil?.toISOString() ?? null,
    seenAt: row.seenAt?.toISOString() ?? null,
  };
}
