/** One provider call for one claimed outbox row, and what may be concluded from how it ended. */
import { ChannelError, type AdapterInbox, type ChannelAdapter } from '#channels/contract.ts';
import { performHttpStep } from '#channels/http-step.ts';
import type { HttpClient } from '#channels/http.ts';
import type { Settlement } from '#db/drive.ts';
import { backoffMs } from '#domain/drive/times.ts';
import type { Effect } from '#domain/flow/types.ts';
import type { JsonObject } from '#domain/json.ts';
import type { Part } from '#domain/message.ts';
import { parkInbox } from '#db/park.ts';
import type { ActivityDeps } from './deps.ts';
import { readMedia } from './media.ts';

export interface MessageCall {
  outboxId: string;
  claim: string;
  messageId: string;
  parts: Part[];
  attempts: number;
  conversationId: string;
  contactExternalId: string;
  threadKey: string;
  replyAddress: JsonObject;
  inReplyTo: string | null;
  inReplyToReference: JsonObject | null;
  as: 'private_reply' | null;
  author: 'bot' | 'agent';
  /** The agent's; a bot has none. */
  authorName: string | null;
  lastInAtMs: number | null;
  sentSinceLastIn: number;
}

/** How long after a call without an answer it may be repeated with its key; null = for ever. A little before the provider forgets it. */
export function keyLifeMs({ keyLifeHours }: Pick<ChannelAdapter, 'keyLifeHours'>): number | null {
  return keyLifeHours === undefined ? null : keyLifeHours * 3_600_000 - 5 * 60_000;
}

/** Sends; never throws: every ending is a settlement. */
export async function callProvider(
  deps: ActivityDeps,
  inbox: AdapterInbox,
  adapter: ChannelAdapter,
  call: MessageCall,
  timeoutMs: number,
): Promise<Settlement> {
  const base = {
    outboxId: call.outboxId,
    claim: call.claim,
    providerMessageId: null,
    notBeforeMs: null,
    error: null,
    result: null,
  };
  try {
    const sending = adapter.send(
      inbox,
      {
        id: call.messageId,
        conversationId: call.conversationId,
        contactExternalId: call.contactExternalId,
        threadKey: call.threadKey,
        replyAddress: call.replyAddress,
        parts: call.parts,
        author: call.author,
        ...(call.authorName === null ? {} : { authorName: call.authorName }),
        lastInAtMs: call.lastInAtMs,
        sentSinceLastIn: call.sentSinceLastIn,
        attempt: call.attempts,
        ...(call.inReplyTo === null ? {} : { inReplyTo: call.inReplyTo }),
        ...(call.inReplyToReference === null ? {} : { inReplyToReference: call.inReplyToReference }),
        ...(call.as === null ? {} : { as: call.as }),
      },
      {
        key: call.outboxId,
        signal: AbortSignal.timeout(timeoutMs),
        media: (mediaId) => readMedia(deps, inbox.workspaceId, mediaId),
        mediaUrl: async (mediaId) => deps.mediaUrl(mediaId),
      },
    );
    if (deps.faults.armed('call.sent')) {
      await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 300))]);
      deps.faults.at('call.sent');
    }
    const sent = await sending;
    deps.faults.at('call.answered');
    return { ...base, outcome: 'sent', providerMessageId: sent.providerMessageId };
  } catch (error) {
    if (!(error instanceof ChannelError)) {
      // A defect of ours somewhere around the call: it may or may not have left, so it counts as no answer.
      deps.log.error(
        { err: error, inboxId: inbox.id, outboxId: call.outboxId },
        'A channel adapter failed unexpectedly.',
      );
      return {
        ...base,
        outcome: 'unknown',
        error: { kind: 'no_answer', message: 'The send broke off inside Teloring; see the log.' },
      };
    }
    return { ...base, ...(await conclude(deps, inbox, adapter, call, error)) };
  }
}

async function conclude(
  deps: ActivityDeps,
  inbox: AdapterInbox,
  adapter: ChannelAdapter,
  call: MessageCall,
  failure: ChannelError,
): Promise<Pick<Settlement, 'outcome' | 'notBeforeMs' | 'error'>> {
  const error = {
    kind: failure.kind,
    message: failure.message,
    ...(failure.providerCode === undefined ? {} : { providerCode: failure.providerCode }),
  };
  const again = {
    outcome: 'refused' as const,
    error,
    notBeforeMs: Date.now() + backoffMs(call.attempts, failure.retryAfterMs),
  };
  switch (failure.kind) {
    case 'retry_after':
    case 'not_sent':
      return again;
    case 'no_answer':
      return failure.repeatable || adapter.resend(inbox) === 'safe'
        ? again
        : { outcome: 'unknown', error, notBeforeMs: null };
    case 'reauthorize':
      // Parked, not failed: it waits until somebody has connected the account again.
      await parkInbox(deps.pool, inbox.id, failure.message);
      return { outcome: 'refused', error, notBeforeMs: Date.now() };
    case 'window_closed':
    case 'contact_unreachable':
    case 'permanent':
      return { outcome: 'failed', error, notBeforeMs: null };
  }
}

/** A flow's HTTP step. Any answer is an answer; a request that may have arrived is never repeated. */
export async function callHttp(
  http: HttpClient,
  outboxId: string,
  claim: string,
  effect: Extract<Effect, { kind: 'http' }>,
  timeoutMs: number,
): Promise<Settlement> {
  const base = { outboxId, claim, providerMessageId: null, notBeforeMs: null, error: null, result: null };
  try {
    const result = await performHttpStep(http, effect, AbortSignal.timeout(timeoutMs));
    return { ...base, outcome: 'sent', result: { ...result } };
  } catch (error) {
    const failure =
      error instanceof ChannelError
        ? error
        : new ChannelError('no_answer', 'The request broke off.', { cause: error });
    return {
      ...base,
      outcome: failure.kind === 'no_answer' ? 'unknown' : 'failed',
      error: { kind: failure.kind, message: failure.message },
    };
  }
}
