/** People's messages: claims the conversation's next one, sends it, and goes on in order until nothing is left to wait for. */
import { randomUUID } from 'node:crypto';
import { claimAgentMessage, inboxOfMessage, settleAgentMessage } from '#db/agent-outbox.ts';
import { CLAIM_TTL_MS, LOCAL_CALL_MS, REGULAR_CALL_MS } from '#domain/drive/times.ts';
import { callProvider, keyLifeMs } from './call.ts';
import type { ActivityDeps } from './deps.ts';
import type { DriveOptions } from './drive.ts';
import { adapterOf } from './media.ts';

export type OutboundReport =
  | { kind: 'done' }
  | { kind: 'wait' }
  | { kind: 'again' }
  /** Refused for now: due then. */
  | { kind: 'later'; afterMs: number };

/** At least once; each provider call belongs to the execution that claimed it. */
export async function sendOutbound(
  deps: ActivityDeps,
  messageId: string,
  options: DriveOptions,
): Promise<OutboundReport> {
  const startedMs = performance.now();
  const inboxId = await inboxOfMessage(deps.pool, messageId);
  const inbox = inboxId === null ? null : await deps.inboxes.byId(inboxId);
  if (!inbox) return { kind: 'done' };
  const adapter = adapterOf(deps, inbox);
  // Too slow for a local activity: a regular one does it at once.
  if (options.mode === 'local' && adapter.slowCallMs !== undefined) return { kind: 'later', afterMs: 0 };
  const timeoutMs = options.mode === 'local' ? LOCAL_CALL_MS : (adapter.slowCallMs ?? REGULAR_CALL_MS);
  for (;;) {
    const claim = randomUUID();
    const claimedAtMs = performance.now();
    const next = await claimAgentMessage(deps.pool, {
      messageId,
      claim,
      resend: adapter.resend(inbox),
      callTimeoutMs: timeoutMs,
      mayClaim: claimedAtMs - startedMs < options.budgetMs,
      keyLifeMs: keyLifeMs(adapter),
    });
    deps.changed();
    if (next.kind !== 'call') return next;
    deps.faults.at('claim.committed');
    if (performance.now() - claimedAtMs > CLAIM_TTL_MS) {
      await settleAgentMessage(deps.pool, {
        outboxId: next.outboxId,
        claim,
        outcome: 'unsent',
        providerMessageId: null,
        notBeforeMs: null,
        error: null,
        result: null,
      });
      continue;
    }
    deps.faults.at('claim.clock-checked');
    await settleAgentMessage(
      deps.pool,
      await callProvider(deps, inbox, adapter, { ...next, claim }, timeoutMs),
    );
    deps.faults.at('settle.committed');
    deps.changed();
  }
}
