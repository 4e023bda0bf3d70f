/** `npm run bench [-- --quick] [--profile] [--no-crash]`: see README.md beside this. Exits 1 where the product lost or doubled something. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { crash } from './crash.ts';
import {
  burst,
  collect,
  flood,
  medians,
  sequential,
  steady,
  visible,
  type Measuring,
  type Numbers,
  type Series,
  type Sizes,
  type Subject,
} from './measure.ts';
import { render, type BenchResult } from './report.ts';
import { widgetSizes } from '../support/widget-sizes.ts';
import { factsOf, prepareInboxes, productPids, startFloor, startLoad, startTeloring } from './subjects.ts';

const full: Sizes = {
  rounds: 5,
  sequential: 100,
  steady: 600,
  flood: 1_000,
  burst: 2_000,
  burstRounds: 3,
  visible: 60,
  crash: 600,
};
const quick: Sizes = {
  rounds: 3,
  sequential: 40,
  steady: 200,
  flood: 200,
  burst: 600,
  burstRounds: 1,
  visible: 30,
  crash: 150,
};
const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, profile: { type: 'boolean' }, 'no-crash': { type: 'boolean' } },
});
const sizes = flags.quick ? quick : full;
const artifacts = path.resolve(import.meta.dirname, '../.artifacts');
await mkdir(artifacts, { recursive: true });

const say = (line: string): void => console.log(line);
const startedMs = Date.now();
say('Starting the product, the floors and the load …');
const profiling: Record<string, string> = flags.profile
  ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${path.join(artifacts, 'profile')}` }
  : {};
let product = await startTeloring(profiling);
const load = await startLoad();
let code = 0;
try {
  const facts = await factsOf(product.home);
  const [inbox] = await prepareInboxes(facts, product.url, load.receiverUrl, [{ idempotent: false }]);
  if (!inbox) throw new Error('No inbox.');
  const floorA = await startFloor('floor-a.ts', facts.databaseUrl);
  const floorB = await startFloor('floor-b.ts', JSON.stringify({ ...facts, receiverUrl: load.receiverUrl }));
  const pids = productPids(product);
  const a: Subject = { ...floorA, name: 'a', pids: [floorA.pid, pids.temporal, pids.postgres] };
  const b: Subject = { ...floorB, name: 'b', pids: [floorB.pid, pids.temporal, pids.postgres] };
  const teloring: Subject = {
    ...inbox,
    name: 'product',
    pids: [pids.server, pids.temporal, pids.postgres],
  };
  const series: Record<Subject['name'], Series> = { a: {}, b: {}, product: {} };
  let tags = 0;
  const m: Measuring = { load, tag: () => `m${process.pid}-${(tags += 1)}` };
  const subjects = [a, b, teloring];

  say('Warming up …');
  for (const subject of subjects) await steady(m, subject, subject === a ? 1_000 : 300);
  for (let round = 0; round < sizes.rounds; round++) {
    // Each round begins with another one, so that nobody always runs behind the same neighbour.
    for (let turn = 0; turn < 3; turn++) {
      const subject = subjects[(round + turn) % 3] ?? a;
      const numbers: Numbers = {
        ...(await sequential(m, subject, sizes.sequential)),
        ...(await steady(m, subject, subject === a ? sizes.steady * 4 : sizes.steady)),
      };
      collect(series[subject.name], numbers);
    }
    say(`Round ${round + 1} of ${sizes.rounds}: ${oneLine(series)}`);
  }
  for (let round = 0; round < sizes.burstRounds; round++) {
    for (const subject of [a, teloring]) {
      collect(series[subject.name], await flood(m, subject, sizes.flood));
      collect(series[subject.name], await burst(m, subject, sizes.burst));
    }
    say(`Burst ${round + 1} of ${sizes.burstRounds}.`);
  }
  for (let round = 0; round < sizes.burstRounds; round++)
    collect(series.product, await visible(m, teloring, sizes.visible, facts.databaseUrl));
  floorA.stop();
  floorB.stop();

  const result: BenchResult = {
    at: new Date().toISOString(),
    mode: flags.quick ? 'quick' : 'full',
    cpus: `${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}`,
    node: process.version,
    a: medians(series.a),
    b: medians(series.b),
    product: medians(series.product),
    crash: {},
    burst: sizes.burst,
    widget: widgetSizes(),
  };
  if (!flags['no-crash']) {
    for (const idempotent of [false, true]) {
      say(`kill -9 of everything, ${idempotent ? 'an idempotent' : 'a plain'} inbox …`);
      const after = await crash(load, product, sizes.crash, idempotent);
      product = after.product;
      result.crash[idempotent ? 'idempotent' : 'plain'] = after.numbers;
      if (after.numbers.lost + after.numbers.doubled > 0) code = 1;
    }
  }
  say(`\n${render(result)}`);
  await writeFile(
    path.join(artifacts, 'bench.json'),
    `${JSON.stringify({ ...result, rounds: series }, null, 2)}\n`,
  );
  say(
    `Numbers of every round: tests/.artifacts/bench.json (${Math.round((Date.now() - startedMs) / 1000)} s)`,
  );
} finally {
  load.stop();
  await product.stop();
  await rm(product.home, { recursive: true, force: true });
}
process.exit(code);

function oneLine(series: Record<Subject['name'], Series>): string {
  const last = (name: Subject['name'], key: string): string => (series[name][key]?.at(-1) ?? 0).toFixed(1);
  return (['b', 'product'] as const)
    .map(
      (name) =>
        `${name} reply ${last(name, 'sequential.reply.p50')} ms, ${last(name, 'steady.perSecond')}/s, CPU ${last(name, 'steady.cpu')} ms`,
    )
    .join(' · ');
}
