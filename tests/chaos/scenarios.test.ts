/** The interleavings that found flaws in the protocol's first design, each played with real processes. */
import { expect, test } from 'vitest';
import { createCrashStage, type CrashStage } from '../support/crash-stage.ts';
import { askFlow } from '../support/flows.ts';
import type { ServerProcess } from '../support/server-process.ts';

const texts = (stage: CrashStage): string[] =>
  stage.receiver.deliveries.map((delivery) => delivery.body.message.text);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const outs = (stage: CrashStage, text: string) =>
  stage.query<{ status: string }>(`select status from messages where direction = 'out' and text = $1`, [
    text,
  ]);

async function staged(timeoutSeconds: number, play: (stage: CrashStage) => Promise<void>): Promise<void> {
  const stage = await createCrashStage(askFlow({ timeoutSeconds, maxInvalid: 9 }));
  try {
    await play(stage);
    await stage.quiet(90_000);
    await stage.check();
  } finally {
    await stage.close();
  }
}

test('a zombie stopped before it enters finds its event done and takes no lease', async () => {
  await staged(2, async (stage) => {
    const a = await stage.start({ faults: 'ingest.committed=stop,claim.committed=kill' });
    const servers: ServerProcess[] = [a];
    const said = stage.say(() => servers, 'contact', 'hi');
    expect(await a.struck(30_000)).toBe(true);
    const b = await stage.start();
    servers.splice(0, 1, b);
    await said;
    await stage.until('asked, and timed out', async () => texts(stage).includes('Too late'));
    await stage.quiet();
    a.cont();
    await pause(4_000);
    expect(texts(stage)).toEqual(['How many?', 'Too late']);
    // It was not killed at a claim: it made none.
    expect(a.faults()).toHaveLength(1);
  });
});

test('run/1 ends its run, drives its successor, and is killed there, twice', async () => {
  await staged(2, async (stage) => {
    const answer = stage.receiver.answer;
    stage.receiver.answer = (delivery, tries) => ({
      ...answer(delivery, tries),
      delayMs: delivery.body.message.text === 'Too late' ? 1_200 : 0,
    });
    const a = await stage.start({ faults: 'run.successor-claimed=kill', sweepMs: 0 });
    await stage.say(() => [a], 'contact', 'hi');
    await stage.until('the timeout is being sent', async () => texts(stage).includes('Too late'));
    await stage.say(() => [a], 'contact', 'again');
    expect(await a.struck(20_000)).toBe(true);
    const b = await stage.start({ faults: 'run.successor-waits=kill', sweepMs: 0 });
    expect(await b.struck(40_000)).toBe(true);
    const c = await stage.start({ sweepMs: 0 });
    await stage.until(
      'the second run times out as well',
      async () =>
        (await outs(stage, 'Too late')).length >= 2 &&
        (await stage.query('select 1 from runs where ended_at is null')).length === 0,
      90_000,
    );
    expect(c.faults()).toHaveLength(0);
    // Killed between claim and call: it may have left, so it is unknown, and is not sent again.
    expect(await outs(stage, 'How many?')).toEqual(
      expect.arrayContaining([{ status: 'sent' }, { status: 'unknown' }]),
    );
  });
});

test('killed right after the first wait is stored, with no sweeper anywhere: the timer exists', async () => {
  await staged(3, async (stage) => {
    const a = await stage.start({ faults: 'release.committed=kill', sweepMs: 0 });
    const servers = [a];
    const said = stage.say(() => servers, 'contact', 'hi');
    expect(await a.struck(30_000)).toBe(true);
    servers.splice(0, 1, await stage.start({ sweepMs: 0 }));
    await said;
    await stage.until('the timeout comes', async () => texts(stage).includes('Too late'));
    expect(texts(stage)).toEqual(['How many?', 'Too late']);
  });
});

test('stopped with a claim, overtaken, going on: it calls nobody', async () => {
  await staged(60, async (stage) => {
    const a = await stage.start({ faults: 'claim.committed=stop' });
    const servers = [a];
    const said = stage.say(() => servers, 'contact', 'hi');
    expect(await a.struck(30_000)).toBe(true);
    servers.splice(0, 1, await stage.start());
    await said;
    await stage.until(
      'unknown, and the run waits',
      async () => (await outs(stage, 'How many?'))[0]?.status === 'unknown',
    );
    await stage.say(() => servers, 'contact', '7');
    await stage.until('answered', async () => texts(stage).includes('Got 7'));
    a.cont();
    await pause(4_000);
    expect(texts(stage)).toEqual(['Got 7']);
  });
});

test('an invalid reply is being answered when the same ask’s deadline passes: the timeout still comes', async () => {
  await staged(3, async (stage) => {
    const answer = stage.receiver.answer;
    let first = true;
    stage.receiver.answer = (delivery, tries) => {
      const slow = !first;
      first = false;
      return {
        ...answer(delivery, tries),
        delayMs: slow && delivery.body.message.text !== 'Too late' ? 1_300 : 0,
      };
    };
    const a = await stage.start({ sweepMs: 0 });
    await stage.say(() => [a], 'contact', 'hi');
    await stage.until(
      'the flow waits',
      async () => (await stage.query(`select 1 from runs where status = 'waiting'`)).length === 1,
    );
    await pause(1_800);
    await stage.say(() => [a], 'contact', 'not a number');
    await stage.until('the timeout', async () => texts(stage).includes('Too late'));
    expect(texts(stage).filter((text) => text === 'Too late')).toHaveLength(1);
  });
});
