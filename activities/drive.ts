/** The drive protocol's execution: load, decide, store; call what was claimed; settle; until there is nothing left to do here. */
import { randomUUID } from 'node:crypto';
import {
  enterDrive,
  ingestOnly,
  settleDrive,
  type Decide,
  type DriveTarget,
  type Settlement,
} from '#db/drive.ts';
import { callTimeoutMs, enterForEvent, enterForRun, proceed } from '#domain/drive/next.ts';
import type { Call, DriveDecision, DriveSnapshot, DriveTools } from '#domain/drive/snapshot.ts';
import { CLAIM_TTL_MS } from '#domain/drive/times.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { answeredComment } from '#db/replies.ts';
import { answeredOnce } from '#domain/private-reply.ts';
import { callHttp, callProvider, keyLifeMs } from './call.ts';
import type { ActivityDeps } from './deps.ts';
import { adapterOf } from './media.ts';
import { payWakes } from './wakes.ts';

/** What a workflow has to do next. Small and without content: it stays in the history. */
export type DriveReport =
  | { kind: 'done'; followUp: boolean }
  | { kind: 'again' }
  | { kind: 'wait' }
  | { kind: 'deliver'; afterMs: number }
  | { kind: 'busy' }
  | { kind: 'sleep'; untilMs: number | null }
  | { kind: 'complete' };

export interface DriveOptions {
  mode: DriveTools['mode'];
  /** No call is begun after this long; what is left goes to the next execution. */
  budgetMs: number;
}

type Decided = (DriveDecision & { snapshot: DriveSnapshot }) | 'wait' | null;

/**
 * Drives a conversation for its workflow. At least once: every repetition computes anew from rows and ends in the same place; a call
 * is made only by the execution that claimed it.
 */
export async function drive(
  deps: ActivityDeps,
  target: DriveTarget,
  holder: string,
  options: DriveOptions,
): Promise<DriveReport> {
  const startedMs = performance.now();
  const mayClaim = (): boolean => performance.now() - startedMs < options.budgetMs;
  const session: Session = { deps, target, holder, options, mayClaim };
  let claimedAtMs = performance.now();
  let decided = await enter(session);
  for (;;) {
    if (decided === 'wait') return { kind: 'wait' };
    if (decided === null) {
      if (target.eventId !== undefined) deps.eventDone(target.eventId);
      return target.eventId === undefined ? { kind: 'complete' } : { kind: 'done', followUp: false };
    }
    deps.changed();
    if (decided.outcome.kind !== 'call') return report(session, decided);
    deps.faults.at('claim.committed');
    const { call, token } = decided.outcome;
    if (target.runId !== undefined && call.runId !== target.runId) deps.faults.at('run.successor-claimed');
    const settlement = await performCall(session, decided.snapshot, call, claimedAtMs);
    if (settlement.outcome === 'refused') deps.faults.at('settle.refused');
    claimedAtMs = performance.now();
    decided = await settleDrive(
      deps.pool,
      decided.snapshot.conversation.id,
      target,
      holder,
      settlement,
      decider(session, (snapshot, tools) => afterSettle(snapshot, holder, token, tools)),
    );
    deps.faults.at('settle.committed');
  }
}

interface Session {
  deps: ActivityDeps;
  target: DriveTarget;
  holder: string;
  options: DriveOptions;
  mayClaim: () => boolean;
}

async function enter(session: Session): Promise<Decided> {
  const { deps, target, holder } = session;
  const { eventId } = target;
  if (eventId !== undefined && deps.faults.armed('ingest.committed')) {
    await ingestOnly(deps.pool, eventId);
    deps.faults.at('ingest.committed');
  }
  const look = eventId === undefined ? enterForRun : enterForEvent;
  try {
    const decided = await enterDrive(
      deps.pool,
      target,
      holder,
      decider(session, (snapshot, tools) => look(snapshot, holder, tools)),
    );
    deps.faults.at(eventId === undefined ? 'look.committed' : 'enter.committed');
    return decided;
  } catch (error) {
    // Whatever went wrong in deciding: the message is shown to people at least.
    if (eventId !== undefined) await ingestOnly(deps.pool, eventId);
    throw error;
  }
}

/** T3's second half: only a current lease drives on; a zombie has left its evidence and stops. */
function afterSettle(
  snapshot: DriveSnapshot,
  holder: string,
  token: number,
  tools: DriveTools,
): DriveDecision {
  const lease = snapshot.run?.background ? snapshot.run : snapshot.conversation;
  if (lease.leaseHolder === holder && lease.leaseToken === token)
    return proceed(snapshot, holder, token, tools);
  return { plan: null, outcome: { kind: 'again' }, wakes: [] };
}

function decider(
  session: Session,
  decide: (snapshot: DriveSnapshot, tools: DriveTools) => DriveDecision,
): Decide {
  return async (snapshot) => {
    const { deps, options, mayClaim } = session;
    const inbox = await inboxOf(deps, snapshot);
    const adapter = adapterOf(deps, inbox);
    const versions = snapshot.flows.map((flow) => flow.versionId);
    await deps.definitions.load(snapshot.run ? [...versions, snapshot.run.versionId] : versions);
    return decide(snapshot, {
      definition: (versionId) => deps.definitions.get(versionId),
      newId: () => uuidV7(),
      newClaim: () => randomUUID(),
      mode: options.mode,
      mayClaim: mayClaim(),
      resend: adapter.resend(inbox),
      keyLifeMs: keyLifeMs(adapter),
      slowCallMs: adapter.slowCallMs ?? null,
      capabilities: adapter.definition.capabilities,
    });
  };
}

async function inboxOf(deps: ActivityDeps, snapshot: DriveSnapshot): Promise<CachedInbox> {
  const inbox = await deps.inboxes.byId(snapshot.inbox.id);
  if (!inbox) throw new Error(`Inbox ${snapshot.inbox.id} is gone although it has a conversation.`);
  return inbox;
}

/** What is left to do once the message is shown: media, a button's spinner, a name to ask for. */
async function hasFollowUp({ deps }: Session, { event, inbox }: DriveSnapshot): Promise<boolean> {
  if (event === null || event.followUp || !event.unnamed) return event?.followUp === true;
  const cached = await deps.inboxes.byId(inbox.id);
  return cached !== null && adapterOf(deps, cached).fetchContact !== undefined;
}

async function performCall(
  session: Session,
  snapshot: DriveSnapshot,
  call: Call,
  claimedAtMs: number,
): Promise<Settlement> {
  const { deps, options } = session;
  const unsent = {
    outboxId: call.outboxId,
    claim: call.claim,
    outcome: 'unsent',
    providerMessageId: null,
    notBeforeMs: null,
    error: null,
    result: null,
  } as const;
  // This process's own monotonic clock: however long it was stopped in between, an old claim calls nobody.
  if (performance.now() - claimedAtMs > CLAIM_TTL_MS) return unsent;
  deps.faults.at('claim.clock-checked');
  if (call.effect.kind === 'http') {
    const httpTimeoutMs = callTimeoutMs(call.effect, options.mode, null);
    return callHttp(deps.http, call.outboxId, call.claim, call.effect, httpTimeoutMs);
  }
  if (call.messageId === null) throw new Error(`Outbox row ${call.outboxId} is a message without one.`);
  const inbox = await inboxOf(deps, snapshot);
  const adapter = adapterOf(deps, inbox);
  const timeoutMs = callTimeoutMs(call.effect, options.mode, adapter.slowCallMs ?? null);
  const { inReplyToId, as } = call.effect;
  const comment =
    inReplyToId === undefined ? null : await answeredComment(deps.pool, inReplyToId, call.messageId);
  if (comment?.answeredPrivately && as !== undefined)
    return { ...unsent, outcome: 'failed', error: { kind: 'permanent', message: answeredOnce } };
  return callProvider(
    deps,
    inbox,
    adapter,
    {
      outboxId: call.outboxId,
      claim: call.claim,
      messageId: call.messageId,
      parts: call.effect.parts,
      attempts: call.attempts,
      conversationId: snapshot.conversation.id,
      contactExternalId: snapshot.contact.externalId,
      threadKey: snapshot.conversation.threadKey,
      replyAddress: snapshot.conversation.replyAddress,
      inReplyTo: comment?.providerMessageId ?? null,
      inReplyToReference: comment?.reference ?? null,
      as: as ?? null,
      author: 'bot',
      authorName: null,
      lastInAtMs: snapshot.conversation.lastInAtMs,
      sentSinceLastIn: snapshot.conversation.sentSinceLastIn,
    },
    timeoutMs,
  );
}

async function report(session: Session, decided: Exclude<Decided, 'wait' | null>): Promise<DriveReport> {
  const { deps, target } = session;
  const { outcome, wakes } = decided;
  if (outcome.kind === 'exit' || outcome.kind === 'complete' || outcome.kind === 'sleep') {
    deps.faults.at('release.committed');
    if (target.runId !== undefined && wakes.length > 0) deps.faults.at('run.successor-waits');
    await payWakes(deps, wakes);
  }
  if (outcome.kind === 'exit' || outcome.kind === 'busy') {
    if (target.eventId !== undefined) {
      deps.eventDone(target.eventId);
      return { kind: 'done', followUp: await hasFollowUp(session, decided.snapshot) };
    }
    return { kind: 'busy' };
  }
  if (outcome.kind === 'complete') deps.faults.at('look.ended');
  if (outcome.kind === 'call') throw new Error('A claimed call was not made.');
  return outcome;
}
