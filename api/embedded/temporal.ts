/** The embedded Temporal: the development server with its database in TELORING_HOME, tuned for many short workflows. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '#workflows/contract.ts';
import { logTail, startChild, type Child, type Track } from './child.ts';
import { StartError } from './start-error.ts';

export interface TemporalOptions {
  home: string;
  /** The `temporal` program (temporal-binary.ts finds it). */
  program: string;
  ports: { temporal: number; temporalHttp: number; temporalUi: number; temporalMetrics: number };
  namespace: string;
  /** False only for tests: histories then live in memory. */
  durable: boolean;
  /** Where Temporal's own UI decodes payloads; null leaves the UI out. */
  uiCodecEndpoint: string | null;
}
export interface TemporalService {
  address: string;
  uiUrl: string | null;
  start: (track: Track) => Promise<Child>;
}

const retentionSeconds = 720 * 3600;

const PRAGMAS = {
  journal_mode: 'WAL',
  synchronous: 'NORMAL',
  cache_size: '-131072',
  mmap_size: '268435456',
  temp_store: 'MEMORY',
  busy_timeout: '10000',
};
const DYNAMIC_CONFIG = {
  'system.enableActivityEagerExecution': true,
  'history.shardIOConcurrency': 16,
  'history.enableHostLevelEventsCache': true,
  // One partition: no forwarding between partitions, the lowest latency on one machine.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'frontend.rps': 20_000,
  'frontend.namespaceRPS': 20_000,
  'frontend.namespaceRPS.visibility': 200,
  'history.rps': 20_000,
  'matching.rps': 20_000,
  'frontend.persistenceMaxQPS': 50_000,
  'history.persistenceMaxQPS': 50_000,
  'matching.persistenceMaxQPS': 50_000,
  'history.transferProcessorMaxPollRPS': 200,
  'history.timerProcessorMaxPollRPS': 200,
};

export function prepareTemporal(options: TemporalOptions): TemporalService {
  const { home, program, ports, namespace } = options;
  const address = `127.0.0.1:${ports.temporal}`;
  return {
    address,
    uiUrl: options.uiCodecEndpoint === null ? null : `http://127.0.0.1:${ports.temporalUi}`,
    async start(track) {
      const child = await startChild(home, {
        name: 'temporal',
        command: program,
        args: argumentsFor(options),
        // Nothing of ours: TEMPORAL_* variables would bend the server's own settings.
        env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? home },
      });
      try {
        await track(child);
        await untilReady(child, address, namespace);
      } catch (error) {
        await child.stop();
        throw error;
      }
      return child;
    },
  };
}

function argumentsFor({ home, ports, namespace, durable, uiCodecEndpoint }: TemporalOptions): string[] {
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${ports.temporal}`,
    `--http-port=${ports.temporalHttp}`,
    `--metrics-port=${ports.temporalMetrics}`,
    ...(uiCodecEndpoint === null
      ? ['--headless']
      : ['--ui-port', String(ports.temporalUi), '--ui-codec-endpoint', uiCodecEndpoint]),
    ...(namespace === 'default' ? [] : ['--namespace', namespace]),
    ...(durable ? ['--db-filename', path.join(home, 'temporal.db')] : []),
    ...(durable
      ? Object.entries(PRAGMAS).flatMap(([key, value]) => ['--sqlite-pragma', `${key}=${value}`])
      : []),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

const readyTimeoutMs = 60_000;

/** Waits until the namespace answers, and keeps closed workflows for 30 days rather than the development server's one. */
async function untilReady(child: Child, address: string, namespace: string): Promise<void> {
  let ended = false;
  void child.ended.then(() => (ended = true));
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    let connection: Connection | undefined;
    try {
      connection = await Connection.connect({ address, connectTimeout: 2_000 });
      const { workflowService } = connection;
      const { config } = await workflowService.describeNamespace({ namespace });
      if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) < retentionSeconds) {
        const ttl = { seconds: retentionSeconds } as unknown as NonNullable<
          typeof config
        >['workflowExecutionRetentionTtl'];
        await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: ttl } });
      }
      return;
    } catch (error) {
      if (ended || Date.now() > deadline) {
        throw new StartError(
          `Temporal didn't come up (${ended ? 'it ended' : (error as Error).message}); its data are untouched. The end of ${child.logFile}:\n${await logTail(child.logFile)}`,
          { cause: error },
        );
      }
      await sleep(50);
    } finally {
      await connection?.close().catch(() => undefined);
    }
  }
}
