/** The decision about messages of a thread that another app owns: passed by everybody, whoever has the conversation. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enterForEvent, enterForRun } from '#domain/drive/next.ts';
import type { DriveSnapshot, DriveTools, RunRow } from '#domain/drive/snapshot.ts';
import { askFlow } from '../../support/flows.ts';
import { reduce } from '#domain/flow/reduce.ts';
import { context, everything, T0 } from '../flow/fixtures.ts';

let ids = 0;
const tools: DriveTools = {
  definition: () => askFlow(),
  newId: () => `id-${++ids}`,
  newClaim: () => `claim-${++ids}`,
  mode: 'local',
  mayClaim: true,
  resend: 'unsafe',
  keyLifeMs: null,
  slowCallMs: null,
  capabilities: everything,
};
type Unread = DriveSnapshot['unread'][number];
const unread = (automations: readonly Unread['automation'][]): Unread[] =>
  automations.map((automation, index) => ({
    id: `message-${index + 1}`,
    seq: index + 1,
    text: '7',
    parts: [{ kind: 'text', text: '7' }],
    first: index === 0,
    automation,
  }));
const asked = reduce(askFlow(), null, { kind: 'start', message: null }, context());
const { state: waitingState } = reduce(
  askFlow(),
  asked.state,
  { kind: 'outcome', outcome: { kind: 'sent', result: null } },
  context(),
);
const waitingRun: RunRow = {
  id: 'run-1',
  flowId: 'flow-1',
  flowName: 'Ask',
  versionId: 'version-1',
  versionNo: 1,
  background: false,
  status: 'waiting',
  state: waitingState,
  triggerMessage: null,
  waitingFor: 'reply',
  deadlineMs: T0 + 60_000,
  wakeAtMs: T0 + 60_000,
  wakeNo: 1,
  wokenNo: 1,
  resume: false,
  ending: null,
  depth: 0,
  leaseHolder: null,
  leaseToken: 0,
};
function snapshot(
  automations: readonly Unread['automation'][],
  more: { run?: RunRow | null; owner?: 'run' | 'human' | 'none'; beyond?: number } = {},
): DriveSnapshot {
  const { run = null, owner = run ? 'run' : 'none', beyond = 0 } = more;
  return {
    nowMs: T0,
    event: { id: 'event-1', done: false, followUp: false, unnamed: false },
    conversation: {
      id: 'conversation-1',
      workspaceId: 'workspace-1',
      status: 'open',
      priority: 'none',
      labels: [],
      owner,
      epoch: 0,
      runId: run?.id ?? null,
      lastSeq: automations.length + beyond,
      lastInSeq: automations.length + beyond,
      cursor: 0,
      leaseHolder: null,
      leaseToken: 0,
      threadKey: '',
      replyAddress: {},
      lastInAtMs: T0,
      sentSinceLastIn: 0,
    },
    inbox: { id: 'inbox-1', name: 'Support', type: 'api', canSend: true },
    contact: { id: 'c', externalId: 'x', name: null, email: null, phone: null, fields: {} },
    customer: null,
    run,
    effect: null,
    unread: unread(automations),
    flows: [
      { flowId: 'flow-1', name: 'Ask', versionId: 'version-1', versionNo: 1, position: 0, enabled: true },
    ],
    self: null,
    owed: [],
  };
}
const enter = (of: DriveSnapshot) => enterForEvent(of, 'inbound/event-1', tools);
const kinds = (decision: ReturnType<typeof enter>) =>
  decision.plan?.routed.map(({ routing }) => (routing as { kind: string }).kind);

describe('messages of a thread that another app owns', () => {
  test('no flow starts; the cursor passes them and the lease is given back', () => {
    const decision = enter(snapshot(['off', 'off']));
    expect(decision.outcome).toEqual({ kind: 'exit' });
    expect(decision.plan).toMatchObject({
      conversation: { cursor: 2, owner: 'none', leaseHolder: null },
      runs: [],
      messages: [],
      doneEventId: 'event-1',
      routed: [
        { messageId: 'message-1', routing: { kind: 'other_app', reason: 'Another app answers here.' } },
        { messageId: 'message-2' },
      ],
    });
  });

  test('a waiting run stays as it is, deadline and all', () => {
    const decision = enter(snapshot(['off'], { run: waitingRun }));
    expect(decision.outcome).toEqual({ kind: 'exit' });
    expect(decision.plan?.runs).toMatchObject([
      { status: 'waiting', deadlineMs: waitingRun.deadlineMs, wakeNo: 1, state: waitingState },
    ]);
    expect(decision.plan?.visits).toEqual([]);
  });

  test('a deadline that has passed still counts behind them', () => {
    const decision = enter(snapshot(['off'], { run: { ...waitingRun, deadlineMs: T0 - 1 } }));
    expect([kinds(decision), decision.plan?.messages.map(({ text }) => text)]).toEqual([
      ['other_app'],
      ['Too late'],
    ]);
  });

  test('more than one look loads: it looks again from behind them', () => {
    const decision = enter(snapshot(['off', 'off'], { beyond: 1 }));
    expect([decision.outcome.kind, decision.plan?.conversation?.cursor]).toEqual(['again', 2]);
  });

  test('`run/<id>` passes them as well, and sleeps until its deadline', () => {
    const self = { id: waitingRun.id, ended: false };
    const of = { ...snapshot(['off'], { run: waitingRun }), event: null, self };
    const decision = enterForRun(of, 'run/run-1', tools);
    expect(decision.outcome).toEqual({ kind: 'sleep', untilMs: waitingRun.deadlineMs });
    expect(decision.plan?.conversation?.cursor).toBe(1);
  });

  test('whatever they stand between: each is passed once and in order, every other one is taken', () => {
    const mixed = fc.array(fc.constantFrom('off' as const, null), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(mixed, fc.constantFrom('human' as const, 'none' as const), (automations, owner) => {
        const decision = enter({ ...snapshot(automations, { owner }), flows: [] });
        expect(decision.plan?.routed.map(({ messageId }) => messageId)).toEqual(
          unread(automations).map(({ id }) => id),
        );
        expect(kinds(decision)).toEqual(
          automations.map((one) => (one === 'off' ? 'other_app' : owner === 'human' ? 'person' : 'none')),
        );
        expect(decision.plan?.conversation?.cursor).toBe(automations.length);
        expect(decision.outcome).toEqual({ kind: 'exit' });
      }),
    );
  });
});
