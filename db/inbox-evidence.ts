/** What an inbox's own rows prove about it: for Diagnostics and the test step. */
import { sql } from 'kysely';
import type { Tx } from './client.ts';

export interface InboxTraffic {
  lastInbound: { messageId: string; conversationId: string; at: Date } | null;
  /** The newest reply the provider acknowledged, in a conversation that a real inbound message began. */
  lastReply: { messageId: string; conversationId: string; providerMessageId: string; at: Date } | null;
}

export async function inboxTraffic(tx: Tx, inboxId: string): Promise<InboxTraffic> {
  const inbound = await tx
    .selectFrom('messages')
    .select(['id', 'conversation_id', 'created_at'])
    .where('inbox_id', '=', inboxId)
    .where('direction', '=', 'in')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const reply = await tx
    .selectFrom('messages as m')
    .select(['m.id', 'm.conversation_id', 'm.provider_message_id', 'm.sent_at', 'm.created_at'])
    .where('m.inbox_id', '=', inboxId)
    .where('m.direction', '=', 'out')
    .where('m.status', 'in', ['sent', 'delivered', 'read'])
    .where('m.provider_message_id', 'is not', null)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('messages as i')
          .select('i.id')
          .whereRef('i.conversation_id', '=', 'm.conversation_id')
          .where('i.direction', '=', 'in')
          .whereRef('i.seq', '<', 'm.seq'),
      ),
    )
    .orderBy('m.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    lastInbound: inbound
      ? { messageId: inbound.id, conversationId: inbound.conversation_id, at: inbound.created_at }
      : null,
    lastReply: reply
      ? {
          messageId: reply.id,
          conversationId: reply.conversation_id,
          providerMessageId: reply.provider_message_id ?? '',
          at: reply.sent_at ?? reply.created_at,
        }
      : null,
  };
}

export interface InboxCounts {
  /** Messages accepted in the last 24 hours whose workflow isn't done. */
  inboundPending: number;
  inbound24h: number;
  outboundWaiting: number;
  sent24h: number;
  failed24h: number;
  unknown24h: number;
}

export async function inboxCounts(tx: Tx, inboxId: string): Promise<InboxCounts> {
  const inbound = await tx
    .selectFrom('inbound_events')
    .select((eb) => [
      eb.fn.countAll<number>().as('all'),
      eb.fn.countAll<number>().filterWhere('done_at', 'is', null).as('pending'),
    ])
    .where('inbox_id', '=', inboxId)
    .where('kind', '=', 'message')
    .where('id', '>=', sql<string>`uuid_floor(now() - interval '1 day')`)
    .executeTakeFirstOrThrow();
  const outbound = await tx
    .selectFrom('outbox')
    .select((eb) => [
      eb.fn.countAll<number>().filterWhere('state', '=', 'sent').as('sent'),
      eb.fn.countAll<number>().filterWhere('state', '=', 'failed').as('failed'),
      eb.fn.countAll<number>().filterWhere('state', '=', 'unknown').as('unknown'),
    ])
    .where('inbox_id', '=', inboxId)
    .where('kind', '=', 'message')
    .where('id', '>=', sql<string>`uuid_floor(now() - interval '1 day')`)
    .executeTakeFirstOrThrow();
  const waiting = await tx
    .selectFrom('outbox')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('inbox_id', '=', inboxId)
    .where('kind', '=', 'message')
    .where('state', 'in', ['planned', 'sending'])
    .executeTakeFirstOrThrow();
  return {
    inbound24h: inbound.all,
    inboundPending: inbound.pending,
    outboundWaiting: waiting.count,
    sent24h: outbound.sent,
    failed24h: outbound.failed,
    unknown24h: outbound.unknown,
  };
}
