/** The outbox of people's messages: in order of seq per conversation, each claimed by the one execution that will call. */
import type pg from 'pg';
import type { JsonObject } from '#domain/json.ts';
import type { Part } from '#domain/message.ts';
import { settlementValues, type Settlement } from './drive.ts';

export interface AgentCall {
  kind: 'call';
  outboxId: string;
  messageId: string;
  parts: Part[];
  attempts: number;
  conversationId: string;
  threadKey: string;
  replyAddress: JsonObject;
  inReplyTo: string | null;
  inReplyToReference: JsonObject | null;
  as: 'private_reply' | null;
  author: 'agent';
  authorName: string | null;
  lastInAtMs: number | null;
  sentSinceLastIn: number;
  contactExternalId: string;
}
export type AgentNext =
  | AgentCall
  /** Nothing left that this workflow has to wait for. */
  | { kind: 'done' }
  /** An earlier execution of this very message may still be calling. */
  | { kind: 'wait' }
  /** Refused for now; due then. */
  | { kind: 'later'; afterMs: number }
  /** There is more to claim, but this execution's time is over. */
  | { kind: 'again' };

export async function inboxOfMessage(pool: pg.Pool, messageId: string): Promise<string | null> {
  const { rows } = await pool.query<{ inbox_id: string }>('select inbox_id from messages where id = $1', [
    messageId,
  ]);
  return rows[0]?.inbox_id ?? null;
}

/** Claims the conversation's next agent message. `claim` is fresh, private to this execution, and never used again. */
export async function claimAgentMessage(
  pool: pg.Pool,
  input: {
    messageId: string;
    claim: string;
    resend: 'safe' | 'unsafe';
    callTimeoutMs: number;
    mayClaim: boolean;
    /** How long the provider remembers a key; null = for ever. */
    keyLifeMs: number | null;
  },
): Promise<AgentNext> {
  const { rows } = await pool.query<{ next: AgentNext }>({
    name: 'agent_claim',
    text: 'select agent_claim($1::uuid, $2::uuid, $3, $4, $5, $6::bigint) as next',
    values: [
      input.messageId,
      input.claim,
      input.resend === 'safe',
      input.callTimeoutMs,
      input.mayClaim,
      input.keyLifeMs,
    ],
  });
  return rows[0]?.next ?? { kind: 'done' };
}

/** Evidence of a call; believed only from the execution that claimed it. */
export async function settleAgentMessage(pool: pg.Pool, settlement: Settlement): Promise<void> {
  await pool.query({
    name: 'agent_settle',
    text: 'select agent_settle($1::uuid, $2::uuid, $3, $4, $5::timestamptz, $6::jsonb, $7::jsonb)',
    values: settlementValues(settlement),
  });
}
