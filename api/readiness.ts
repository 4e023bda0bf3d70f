/** Whether everything a message needs is there: Postgres, Temporal, and somebody who polls each task queue. */
import { sql } from 'kysely';
import { QUEUES } from '#workflows/contract.ts';
import type { ApiDeps } from './deps.ts';

/** By part: `ok`, or what is missing. */
export type Readiness = Record<string, string>;

const cacheMs = 1000;
const timeoutMs = 3000;
/** A worker asks anew at least once a minute; who has been silent for longer is gone. */
const pollerSilenceMs = 70_000;

/** Answers from at most one second ago; who asks meanwhile shares the same look. */
export function createReadiness(
  deps: Pick<ApiDeps, 'engineDb' | 'temporal' | 'config'>,
): () => Promise<Readiness> {
  let last: { atMs: number; checks: Promise<Readiness> } | null = null;
  return () => {
    if (last === null || Date.now() - last.atMs > cacheMs) last = { atMs: Date.now(), checks: look(deps) };
    return last.checks;
  };
}

async function look(deps: Pick<ApiDeps, 'engineDb' | 'temporal' | 'config'>): Promise<Readiness> {
  const names = Object.values(QUEUES);
  const results = await Promise.all([
    check(async () => void (await sql`select 1`.execute(deps.engineDb))),
    check(async () => void (await deps.temporal.connection.workflowService.getSystemInfo({}))),
    ...names.map((name) => check(() => needPoller(deps, name))),
  ]);
  const labels = ['postgres', 'temporal', ...names.map((name) => `worker:${name}`)];
  return Object.fromEntries(labels.map((label, index) => [label, results[index] ?? 'not checked']));
}

async function needPoller(
  { temporal, config }: Pick<ApiDeps, 'temporal' | 'config'>,
  queue: string,
): Promise<void> {
  const { pollers } = await temporal.connection.workflowService.describeTaskQueue({
    namespace: config.temporal.namespace,
    taskQueue: { name: queue },
  });
  const alive = (pollers ?? []).some((poller) => {
    const lastMs = Number(poller.lastAccessTime?.seconds ?? 0) * 1000;
    return Date.now() - lastMs < pollerSilenceMs;
  });
  if (!alive) throw new Error('no worker polls this task queue');
}

/** Says what is missing without addresses or credentials: this answer is open to everybody. */
async function check(work: () => Promise<void>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
  });
  const done = work().then(
    () => 'ok',
    (error: unknown) =>
      error instanceof Error && error.message.startsWith('no worker') ? error.message : 'not reachable',
  );
  const result = await Promise.race([done, late]);
  clearTimeout(timer);
  return result;
}
