/**
 * Who owns a conversation (T6, T7 of the drive protocol): agents' replies, takeover, give back, resolve, cancel. Every verb locks
 * the conversation row first. The caller pays the returned wakes after its transaction has committed.
 */
import { sql } from 'kysely';
import type { OwedWake } from '#domain/drive/snapshot.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import { plainText, type Part } from '#domain/message.ts';
import { answeredOnce } from '#domain/private-reply.ts';
import { storableJson } from '#domain/text.ts';
import type { Tx } from './client.ts';
import { wasAnsweredPrivately } from './replies.ts';
import { emit } from './ui-events.ts';

export interface Actor {
  kind: 'agent' | 'api_key' | 'system';
  id: string | null;
}
export interface OwnershipInput {
  workspaceId: string;
  conversationId: string;
  actor: Actor;
}
export interface OwnershipResult {
  wakes: OwedWake[];
  /** Bot messages already on their way: at most one, it may still arrive. */
  stillSending: number;
}

/** Thrown where the comment was answered privately before. */
export class AnsweredBeforeError extends Error {
  override name = 'AnsweredBeforeError';
}

/** Thrown where the row isn't there (or belongs to another workspace). */
export class NotFoundError extends Error {
  override name = 'NotFoundError';
}

/** T6: a person answers from now on. What the bot had planned is cancelled, a waiting run is paused. Idempotent for a human owner. */
export async function takeOver(tx: Tx, input: OwnershipInput): Promise<OwnershipResult> {
  const conversation = await lock(tx, input);
  return toHuman(tx, input, conversation, true);
}

/** T7: the open run goes on at the step where it was, with a fresh deadline; without one, nobody owns the conversation. */
export async function giveBack(tx: Tx, input: OwnershipInput): Promise<OwnershipResult> {
  const conversation = await lock(tx, input);
  if (conversation.owner !== 'human') return { wakes: [], stillSending: 0 };
  await update(tx, input, {
    owner: conversation.run_id ? 'run' : 'none',
    automation_epoch: conversation.automation_epoch + 1,
  });
  await note(tx, input, conversation.last_seq, 'given_back', {});
  if (!conversation.run_id) return { wakes: [], stillSending: 0 };
  await sql`update runs set resume = (status = 'paused'), wake_no = wake_no + 1 where id = ${conversation.run_id}`.execute(
    tx,
  );
  return { wakes: await owed(tx, input.conversationId), stillSending: 0 };
}

/** Resolves: nobody owns it, and the open run ends at its next look (by its `taken_over` exit where it was asking). */
export async function resolveConversation(tx: Tx, input: OwnershipInput): Promise<OwnershipResult> {
  const conversation = await lock(tx, input);
  if (conversation.status === 'resolved') return { wakes: [], stillSending: 0 };
  const stillSending = await cancelPlanned(tx, input.conversationId);
  await sql`update conversations set status = 'resolved', resolved_at = now(), snoozed_until = null, owner = 'none',
      automation_epoch = automation_epoch + 1, updated_at = now() where id = ${input.conversationId}`.execute(
    tx,
  );
  if (conversation.run_id) {
    await sql`update runs set ending = 'taken_over', wake_no = wake_no + 1 where id = ${conversation.run_id}`.execute(
      tx,
    );
  }
  await note(tx, input, conversation.last_seq, 'resolved', {});
  await changed(tx, input);
  return { wakes: await owed(tx, input.conversationId), stillSending };
}

/** Opens a resolved, snoozed or pending conversation. @throws a unique violation where another one is open with this contact */
export async function reopenConversation(tx: Tx, input: OwnershipInput): Promise<OwnershipResult> {
  const conversation = await lock(tx, input);
  if (conversation.status === 'open') return { wakes: [], stillSending: 0 };
  await sql`update conversations set status = 'open', resolved_at = null, snoozed_until = null, updated_at = now()
    where id = ${input.conversationId}`.execute(tx);
  await note(tx, input, conversation.last_seq, 'reopened', {});
  await changed(tx, input);
  return { wakes: [], stillSending: 0 };
}

/** Assigns to a person, a team, or nobody. A person who is assigned owns the conversation: the bot is silent. */
export async function assignConversation(
  tx: Tx,
  input: OwnershipInput & { assigneeId?: string | null; teamId?: string | null },
): Promise<OwnershipResult> {
  const conversation = await lock(tx, input);
  const assigneeId = input.assigneeId === undefined ? conversation.assignee_id : input.assigneeId;
  const teamId = input.teamId === undefined ? conversation.team_id : input.teamId;
  await sql`update conversations set assignee_id = ${assigneeId}, team_id = ${teamId}, updated_at = now()
    where id = ${input.conversationId}`.execute(tx);
  await note(tx, input, conversation.last_seq, 'assigned', { assigneeId, teamId });
  await changed(tx, input);
  const newPerson = assigneeId !== null && assigneeId !== conversation.assignee_id;
  return newPerson ? toHuman(tx, input, conversation, false) : { wakes: [], stillSending: 0 };
}

export interface ReplyInput extends OwnershipInput {
  clientMessageId: string;
  /** What the channel takes in one call each: several become several messages, in order; the first carries the clientMessageId. */
  units: Part[][];
  /** A note for colleagues: changes nothing else, never leaves. */
  isPrivate: boolean;
  authorName: string;
  /** The message it answers, of this conversation. */
  inReplyToId?: string;
  /** By direct message to the writer of the comment `inReplyToId`. */
  as?: 'private_reply';
  /** It stays with us for so long, and can be taken back meanwhile. */
  holdMs?: number;
}

/**
 * An agent's message: stored with its outbox row, owner becomes human, the bot's plans are cancelled. Once per clientMessageId: a repeat
 * returns the first.
 */
export async function agentReply(
  tx: Tx,
  input: ReplyInput,
): Promise<OwnershipResult & { messageId: string; created: boolean }> {
  const conversation = await lock(tx, input);
  const first = await tx
    .selectFrom('messages')
    .select('id')
    .where('conversation_id', '=', input.conversationId)
    .where('client_message_id', '=', input.clientMessageId)
    .executeTakeFirst();
  if (first) return { messageId: first.id, created: false, wakes: [], stillSending: 0 };
  const owner = input.isPrivate ? nothingOwed : await toHuman(tx, input, conversation, false);
  // After the bot's plans were withdrawn: a planned answer of its own is none.
  if (
    input.as !== undefined &&
    input.inReplyToId !== undefined &&
    (await wasAnsweredPrivately(tx, input.inReplyToId))
  )
    throw new AnsweredBeforeError(answeredOnce);
  const messageIds: string[] = [];
  for (const [index, parts] of input.units.entries()) {
    messageIds.push(await insertMessage(tx, input, conversation, { index, parts }));
  }
  await sql`update conversations set last_seq = ${conversation.last_seq + messageIds.length}, last_message_at = now(), updated_at = now()
    where id = ${input.conversationId}`.execute(tx);
  const [messageId] = messageIds;
  if (messageId === undefined) throw new Error('A reply needs something to say.');
  return { ...owner, messageId, created: true };
}

const nothingOwed: OwnershipResult = { wakes: [], stillSending: 0 };

async function insertMessage(
  tx: Tx,
  input: ReplyInput,
  conversation: Locked,
  unit: { index: number; parts: Part[] },
): Promise<string> {
  const messageId = uuidV7();
  const seq = conversation.last_seq + 1 + unit.index;
  const parts = storableJson(unit.parts as unknown as JsonObject[]);
  await tx
    .insertInto('messages')
    .values({
      id: messageId,
      workspace_id: input.workspaceId,
      conversation_id: input.conversationId,
      inbox_id: conversation.inbox_id,
      seq,
      direction: input.isPrivate ? 'internal' : 'out',
      author_kind: input.actor.kind === 'system' ? 'system' : 'agent',
      author_id: input.actor.id,
      author_name: input.authorName,
      parts: JSON.stringify(parts),
      text: plainText(parts as unknown as Part[]),
      status: input.isPrivate ? 'sent' : 'planned',
      client_message_id: unit.index === 0 ? input.clientMessageId : null,
      // Quoted once, however many messages the reply becomes.
      in_reply_to_id: unit.index === 0 ? (input.inReplyToId ?? null) : null,
      sent_as: input.as ?? null,
    })
    .execute();
  await emit(tx, input.workspaceId, 'message.created', {
    conversationId: input.conversationId,
    messageId,
    seq,
    inboxId: conversation.inbox_id,
  });
  if (input.isPrivate) return messageId;
  const holdMs = input.holdMs ?? 0;
  await sql`insert into outbox (id, workspace_id, conversation_id, inbox_id, message_id, kind, payload, epoch, not_before, give_up_at)
    values (${uuidV7()}, ${input.workspaceId}, ${input.conversationId}, ${conversation.inbox_id}, ${messageId}, 'message',
      ${JSON.stringify({ kind: 'message', parts, ...(input.as && { as: input.as }) })}::jsonb,
      (select automation_epoch from conversations where id = ${input.conversationId}),
      ${holdMs > 0 ? sql`clock_timestamp() + make_interval(secs => ${holdMs / 1000})` : null}, now() + interval '24 hours')`.execute(
    tx,
  );
  return messageId;
}

/** Ends a run for good. What it has planned is withdrawn; a call already made is settled by its own execution. */
export async function cancelRun(
  tx: Tx,
  input: { workspaceId: string; runId: string; actor: Actor },
): Promise<{ wakes: OwedWake[]; cancelled: boolean }> {
  const run = await tx
    .selectFrom('runs')
    .select(['id', 'conversation_id', 'background'])
    .where('id', '=', input.runId)
    .where('workspace_id', '=', input.workspaceId)
    .executeTakeFirst();
  if (!run?.conversation_id) throw new NotFoundError('There is no such run.');
  const target = { workspaceId: input.workspaceId, conversationId: run.conversation_id, actor: input.actor };
  const conversation = await lock(tx, target);
  const { rows } = await sql<{
    id: string;
  }>`update runs set status = 'cancelled', ended_at = now(), updated_at = now(), deadline = null,
      waiting_for = null, wake_at = null, wake_no = case when wake_no > 0 then wake_no + 1 else 0 end
    where id = ${input.runId} and ended_at is null returning id`.execute(tx);
  if (rows.length === 0) return { wakes: [], cancelled: false };
  await sql`with withdrawn as (
      update outbox set state = 'cancelled', settled_at = now() where run_id = ${input.runId} and state = 'planned' returning message_id)
    update messages set status = 'failed', error = ${cancelledError}::jsonb where id in (select message_id from withdrawn)`.execute(
    tx,
  );
  if (conversation.run_id === input.runId) {
    await update(tx, target, {
      owner: conversation.owner === 'run' ? 'none' : conversation.owner,
      run_id: null,
      automation_epoch: conversation.automation_epoch + 1,
    });
  }
  await note(tx, target, conversation.last_seq, 'flow_cancelled', { runId: input.runId });
  await emit(tx, input.workspaceId, 'run.updated', {
    runId: input.runId,
    conversationId: run.conversation_id,
  });
  return { wakes: await owed(tx, run.conversation_id), cancelled: true };
}

const cancelledError = JSON.stringify({
  kind: 'cancelled',
  message: 'A person took over before this was sent.',
});

type Locked = Awaited<ReturnType<typeof lock>>;

async function lock(tx: Tx, input: { workspaceId: string; conversationId: string }) {
  const row = await tx
    .selectFrom('conversations')
    .select([
      'id',
      'inbox_id',
      'status',
      'owner',
      'automation_epoch',
      'run_id',
      'last_seq',
      'assignee_id',
      'team_id',
    ])
    .where('id', '=', input.conversationId)
    .where('workspace_id', '=', input.workspaceId)
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw new NotFoundError('There is no such conversation.');
  return row;
}

async function toHuman(
  tx: Tx,
  input: OwnershipInput,
  conversation: Locked,
  announce: boolean,
): Promise<OwnershipResult> {
  const { rows } = await sql<{ n: number }>`select to_human(${input.conversationId}) as n`.execute(tx);
  const stillSending = rows[0]?.n ?? 0;
  if (announce && conversation.owner !== 'human')
    await note(tx, input, conversation.last_seq, 'taken_over', {});
  if (!conversation.run_id) return { wakes: [], stillSending };
  return { wakes: await owed(tx, input.conversationId), stillSending };
}

/** @returns how many bot messages were already on their way */
async function cancelPlanned(tx: Tx, conversationId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select withdraw_planned(${conversationId}) as n`.execute(tx);
  return rows[0]?.n ?? 0;
}

async function update(
  tx: Tx,
  input: OwnershipInput,
  values: { owner: string; automation_epoch: number; run_id?: null },
): Promise<void> {
  await tx
    .updateTable('conversations')
    .set({ ...values, updated_at: new Date() })
    .where('id', '=', input.conversationId)
    .execute();
  await changed(tx, input);
}

async function changed(tx: Tx, input: { workspaceId: string; conversationId: string }): Promise<void> {
  await emit(tx, input.workspaceId, 'conversation.updated', { conversationId: input.conversationId });
}

async function note(
  tx: Tx,
  input: OwnershipInput,
  afterSeq: number,
  kind: string,
  data: JsonObject,
): Promise<void> {
  await tx
    .insertInto('conversation_activities')
    .values({
      id: uuidV7(),
      workspace_id: input.workspaceId,
      conversation_id: input.conversationId,
      after_seq: afterSeq,
      kind,
      actor_kind: input.actor.kind,
      actor_id: input.actor.id,
      data: JSON.stringify(data),
    })
    .execute();
}

async function owed(tx: Tx, conversationId: string): Promise<OwedWake[]> {
  const rows = await tx
    .selectFrom('runs')
    .select(['id', 'wake_no', 'woken_no'])
    .where('conversation_id', '=', conversationId)
    .whereRef('wake_no', '>', 'woken_no')
    .execute();
  return rows.map((row) => ({ runId: row.id, wakeNo: row.wake_no, wokenNo: row.woken_no }));
}
