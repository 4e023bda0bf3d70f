/** Workers: one per task queue, on a connection shared with the client (eager start needs that). */
import { fileURLToPath } from 'node:url';
import type { PayloadCodec } from '@temporalio/common';
import {
  bundleWorkflowCode,
  Worker,
  type NativeConnection,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { QUEUES } from '#workflows/contract.ts';
import { createActivities } from './create-activities.ts';
import type { ActivityDeps } from './deps.ts';

export type QueueName = keyof typeof QUEUES;

const fileOf = (name: string): string => fileURLToPath(new URL(`../workflows/${name}`, import.meta.url));

/** Bundled once per process and shared by its workers. */
export async function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: fileOf('index.ts'),
    ignoreModules: [],
    // Evaluated once per thread rather than once per workflow.
    preloadModules: [fileOf('preload.ts'), '@temporalio/workflow'],
  });
}

export interface WorkerOptions {
  connection: NativeConnection;
  namespace: string;
  codec: PayloadCodec;
  bundle: WorkflowBundleWithSourceMap;
  queue: QueueName;
}

export async function createWorker(deps: ActivityDeps, options: WorkerOptions): Promise<Worker> {
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: QUEUES[options.queue],
    workflowBundle: { code: options.bundle.code },
    activities: createActivities(deps),
    dataConverter: { payloadCodecs: [options.codec] },
    // A dead worker's sticky queue holds its workflows up no longer than this.
    stickyQueueScheduleToStartTimeout: '2s',
    shutdownGraceTime: '10s',
    shutdownForceTime: '15s',
    maxCachedWorkflows: 500,
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentLocalActivityExecutions: 100,
    maxConcurrentActivityTaskExecutions: 50,
  });
}
