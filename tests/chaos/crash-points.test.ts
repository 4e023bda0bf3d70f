/**
 * Every named crash point of the drive protocol, as a kill and as a process that is stopped and goes on later as a zombie. Server A has the
 * fault armed, server B goes on; afterwards every invariant holds and nothing was lost, doubled or sent twice.
 */
import { describe, expect, test } from 'vitest';
import type { FaultPoint } from '#activities/faults.ts';
import { createCrashStage, type CrashStage } from '../support/crash-stage.ts';
import { askFlow } from '../support/flows.ts';
import type { ServerProcess } from '../support/server-process.ts';

/** Twice the life of a claim made in a local activity: long enough for everybody to have given up on the stopped process. */
const zombieMs = 2 * (1_000 + 1_500 + 2_000);

interface Scene {
  stage: CrashStage;
  a: ServerProcess;
  /** Who answers now. */
  servers: () => ServerProcess[];
}

const talk: FaultPoint[] = [
  'event.committed',
  'start.sent',
  'ingest.committed',
  'enter.committed',
  'claim.committed',
  'claim.clock-checked',
  'call.sent',
  'call.answered',
  'settle.committed',
  'settle.refused',
  'release.committed',
  'wake.sent',
  'woken.committed',
  'look.committed',
  'look.ended',
];

describe.each(['kill', 'stop'] as const)('%s', (action) => {
  test.each(talk)('at %s', async (point) => {
    await play(point, action, async ({ stage, servers }) => {
      if (point === 'settle.refused') refuseFirst(stage);
      if (point === 'call.sent') slowFirst(stage);
      await stage.say(servers, 'contact', 'hi');
      await asked(stage);
      await stage.say(servers, 'contact', '7');
      await stage.until('the answer', async () => (await answers(stage)) === 1);
    });
  });

  test.each(['takeover.committed', 'giveback.committed', 'cancel.committed'] as const)(
    'at %s',
    async (point) => {
      await play(point, action, async ({ stage, a, servers }) => {
        await stage.say(servers, 'contact', 'hi');
        await asked(stage);
        const [conversation] = await stage.query<{ id: string; run_id: string }>(
          'select id, run_id from conversations',
        );
        const ask = async (method: string, path: string, body: unknown): Promise<void> => {
          for (const server of servers()) {
            const answer = await stage.api(server, method, path, body).catch(() => null);
            if (answer && answer.status < 500) return;
          }
          // A person whose click got no answer clicks again once a server is there.
          await a.struck(5_000);
          await stage.until('the click is answered', async () => {
            for (const server of servers()) {
              const answer = await stage.api(server, method, path, body).catch(() => null);
              if (answer && answer.status < 500) return true;
            }
            return false;
          });
        };
        if (point === 'cancel.committed') {
          await ask('POST', `/api/runs/${conversation?.run_id}/cancel`, {});
          await stage.until(
            'cancelled',
            async () => (await stage.query(`select 1 from runs where status = 'cancelled'`)).length === 1,
          );
          return;
        }
        await ask('PATCH', `/api/conversations/${conversation?.id}`, { owner: 'human' });
        await stage.until(
          'paused',
          async () => (await stage.query(`select 1 from runs where status = 'paused'`)).length === 1,
        );
        await ask('PATCH', `/api/conversations/${conversation?.id}`, { owner: 'bot' });
        await stage.until(
          'waiting again',
          async () => (await stage.query(`select 1 from runs where status = 'waiting'`)).length === 1,
        );
        await stage.say(servers, 'contact', '7');
        await stage.until('the answer', async () => (await answers(stage)) === 1);
      });
    },
  );

  test.each(['lease.swept', 'driver.started'] as const)('at %s', async (point) => {
    await play(point, action, async ({ stage, servers }) => {
      await stage.say(servers, 'contact', 'hi');
      await asked(stage);
      await stage.quiet();
      // A holder that an operator terminated: its lease lies there, and the next message finds it held.
      await stage.query(
        `update conversations set lease_holder = 'inbound/terminated', lease_at = now() - interval '10 minutes', updated_at = now() - interval '10 minutes'`,
      );
      await stage.say(servers, 'contact', '7');
      await stage.query(`update conversations set updated_at = now() - interval '10 minutes'`);
      await stage.until('the answer', async () => (await answers(stage)) === 1, 90_000);
    });
  });
});

async function play(
  point: FaultPoint,
  action: 'kill' | 'stop',
  scene: (scene: Scene) => Promise<void>,
): Promise<void> {
  const stage = await createCrashStage(askFlow({ timeoutSeconds: 120 }));
  try {
    const a = await stage.start({ faults: `${point}=${action}` });
    const servers = [a];
    let goOn: Promise<unknown> = Promise.resolve();
    const successor = (async () => {
      if (!(await a.struck(60_000))) return;
      servers.splice(0, servers.length, await stage.start());
      if (action === 'stop')
        goOn = new Promise((resolve) => setTimeout(resolve, zombieMs)).then(() => a.cont());
    })();
    await scene({ stage, a, servers: () => [...servers] });
    expect(await a.struck(20_000), `the fault at ${point} never struck`).toBe(true);
    await successor;
    await goOn;
    // What the zombie still does, it does within a claim's life.
    if (action === 'stop') await new Promise((resolve) => setTimeout(resolve, 3_000));
    await stage.quiet(90_000);
    await stage.check();
  } finally {
    await stage.close();
  }
}

/** The question left, or may have left: the flow waits for the answer. */
async function asked(stage: CrashStage): Promise<void> {
  await stage.until(
    'the flow waits',
    async () => (await stage.query(`select 1 from runs where status = 'waiting'`)).length === 1,
  );
}

/** How many answers were planned (each is sent, or unknown where the process died in the call). */
async function answers(stage: CrashStage): Promise<number> {
  const rows = await stage.query(
    `select 1 from messages where direction = 'out' and text = 'Got 7' and status in ('sent', 'unknown')`,
  );
  return rows.length;
}

function refuseFirst(stage: CrashStage): void {
  const answer = stage.receiver.answer;
  let refused = false;
  stage.receiver.answer = (delivery, tries) => {
    if (refused) return answer(delivery, tries);
    refused = true;
    // Through the wrapped answer once, so that the refusal is counted as one.
    stage.receiver.deliveries.splice(stage.receiver.deliveries.indexOf(delivery), 1);
    return { status: 503 };
  };
}

function slowFirst(stage: CrashStage): void {
  const answer = stage.receiver.answer;
  stage.receiver.answer = (delivery, tries) => ({ ...answer(delivery, tries), delayMs: 1_000 });
}
