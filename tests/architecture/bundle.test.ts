/** What reaches Temporal's deterministic sandbox: bundles the workflows and names the import chain of anything that should not be there. */
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { root, sources } from './source.ts';

const entry = 'workflows/index.ts';

/** Our own files in the bundle, with how each got there. */
function reachable(): Map<string, string[]> {
  const files = new Map(sources().map((source) => [source.file, source]));
  const chains = new Map<string, string[]>([[entry, [entry]]]);
  const queue = [entry];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const { target, typeOnly } of files.get(file)?.imports ?? []) {
      if (typeOnly || chains.has(target)) continue;
      chains.set(target, [...(chains.get(file) ?? []), target]);
      if (files.has(target)) queue.push(target);
    }
  }
  return chains;
}

test('workflow code imports nothing but the SDK, itself and the pure domain root', () => {
  const wrong = [...reachable()]
    .filter(
      ([target]) =>
        target !== '@temporalio/workflow' &&
        !/^workflows\/[^/]+\.ts$/.test(target) &&
        !/^workflows\/domain\/[^/]+\.ts$/.test(target),
    )
    .map(([, chain]) => chain.join(' → '));
  expect(wrong).toEqual([]);
});

test('the bundle builds, without zod, the interpreter or anything of Node', async () => {
  const logger = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`file://${path.join(root, entry)}`)),
    logger,
  });
  for (const forbidden of [
    'domain/flow/reduce',
    'domain/drive/next',
    'node_modules/zod',
    'node_modules/pg/',
    'activities/drive',
  ]) {
    expect(code.includes(forbidden), `${forbidden} is in the workflow bundle`).toBe(false);
  }
});
