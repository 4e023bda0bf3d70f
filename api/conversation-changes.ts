/** One PATCH of a conversation: several changes, one transaction, in the order in which people mean them. */
import { changeConversation, connectCustomer, findConversation } from '#db/conversations.ts';
import type { Tx } from '#db/client.ts';
import { findCustomer } from '#db/customers.ts';
import { memberIdOfUser } from '#db/members.ts';
import {
  assignConversation,
  giveBack,
  reopenConversation,
  resolveConversation,
  takeOver,
  type OwnershipResult,
} from '#db/ownership.ts';
import { teamById } from '#db/teams.ts';
import { isUniqueViolation } from '#db/violations.ts';
import type { ConversationStatus, Priority } from '#domain/conversation.ts';
import { actingAs, changing } from './acting.ts';
import { storable } from './body.ts';
import type { RequestActor } from './deps.ts';
import { ApiError, notFound } from './middleware/errors.ts';

export interface ConversationPatch {
  status?: ConversationStatus;
  snoozedUntil?: string | null;
  assigneeId?: string | null;
  teamId?: string | null;
  labels?: string[];
  priority?: Priority;
  owner?: 'human' | 'bot';
  customerId?: string | null;
}

/**
 * The status first, so that a takeover or an assignment in the same request stands. @throws ApiError 404, 409, 422; then the transaction
 * must roll back
 */
export async function changeOneConversation(
  tx: Tx,
  actor: RequestActor,
  conversationId: string,
  patch: ConversationPatch,
): Promise<OwnershipResult> {
  if (!(await findConversation(tx, conversationId, null))) throw notFound('conversation');
  await checkReferences(tx, patch);
  const input = { workspaceId: actor.workspaceId, conversationId, actor: actingAs(actor) };
  const results: OwnershipResult[] = [];
  if (patch.status === 'resolved') results.push(await resolveConversation(tx, input));
  if (patch.status === 'open') results.push(await reopened(() => reopenConversation(tx, input)));
  if (patch.status === 'pending' || patch.status === 'snoozed') {
    // From resolved it is opened first: that is where another open one would be in the way.
    const current = await findConversation(tx, conversationId, null);
    if (current?.status === 'resolved') results.push(await reopened(() => reopenConversation(tx, input)));
  }
  await changeConversation(tx, changing(actor), conversationId, {
    ...((patch.status === 'pending' || patch.status === 'snoozed') && {
      status: patch.status,
      snoozedUntil: readSnooze(patch),
    }),
    ...(patch.labels !== undefined && { labels: [...new Set(patch.labels.map(storable))] }),
    ...(patch.priority !== undefined && { priority: patch.priority }),
  });
  if (patch.customerId !== undefined)
    await connectCustomer(tx, changing(actor), conversationId, patch.customerId);
  if (patch.assigneeId !== undefined || patch.teamId !== undefined) {
    const { assigneeId, teamId } = patch;
    results.push(
      await assignConversation(tx, {
        ...input,
        ...(assigneeId !== undefined && { assigneeId }),
        ...(teamId !== undefined && { teamId }),
      }),
    );
  }
  if (patch.owner === 'human') results.push(await takeOver(tx, input));
  if (patch.owner === 'bot') results.push(await giveBack(tx, input));
  // Verbs return every wake the conversation owes: of a run named twice the later number counts.
  const wakes = new Map(results.flatMap((result) => result.wakes).map((wake) => [wake.runId, wake]));
  return {
    wakes: [...wakes.values()],
    stillSending: Math.max(0, ...results.map((result) => result.stillSending)),
  };
}

function readSnooze(patch: ConversationPatch): Date | null {
  if (patch.status !== 'snoozed') return null;
  if (!patch.snoozedUntil) throw new ApiError(422, 'invalid', 'Say until when: `snoozedUntil` is missing.');
  const until = new Date(patch.snoozedUntil);
  if (until.getTime() <= Date.now()) throw new ApiError(422, 'invalid', '`snoozedUntil` is in the past.');
  return until;
}

async function checkReferences(
  tx: Tx,
  { assigneeId, teamId, customerId, snoozedUntil, status }: ConversationPatch,
): Promise<void> {
  if (assigneeId && !(await memberIdOfUser(tx, assigneeId))) throw missing('assigneeId', 'member');
  if (teamId && !(await teamById(tx, teamId))) throw missing('teamId', 'team');
  if (customerId && !(await findCustomer(tx, customerId))) throw missing('customerId', 'customer');
  if (snoozedUntil && status !== 'snoozed') {
    throw new ApiError(422, 'invalid', '`snoozedUntil` goes with `status: "snoozed"`.');
  }
}

function missing(field: string, what: string): ApiError {
  return new ApiError(422, 'unknown_reference', `There is no such ${what} in this workspace.`, [
    { path: field, code: 'unknown_reference', message: `No such ${what}.` },
  ]);
}

async function reopened(work: () => Promise<OwnershipResult>): Promise<OwnershipResult> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new ApiError(
      409,
      'another_is_open',
      'Another conversation with this contact is open; go on in that one.',
    );
  }
}
