/** `npm test`: builds what browsers load, runs every vitest project, and ends with the runner's own counts. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { buildUi } from '../../api/build-ui.ts';
import type { Counts } from './count-reporter.ts';

/** Where CI=true, a test may be skipped for these reasons only (the beginning of what it passes to `skip`). */
const ALLOWED_SKIPS: readonly string[] = [];

const root = path.resolve(import.meta.dirname, '../..');
const countsFile = path.join(root, 'tests/.artifacts', `counts-${process.pid}.json`);
const ci = process.env['CI'] === 'true' || process.env['CI'] === '1';

const built = await buildUi((line) => console.log(line));
mkdirSync(path.dirname(countsFile), { recursive: true });
const code = await vitest(process.argv.slice(2));
const counts = readCounts();
rmSync(countsFile, { force: true });

if (!built) {
  console.error('The UI or the widget could not be built: that counts as one failure.');
  counts.failed += 1;
}
const unexplained = counts.skipped.filter(
  ({ reason }) => !ALLOWED_SKIPS.some((allowed) => reason?.startsWith(allowed)),
);
for (const { test, reason } of counts.skipped)
  console.log(`skipped: ${test}${reason === null ? '' : ` (${reason})`}`);
if (ci && unexplained.length > 0) {
  console.error(`CI: ${unexplained.length} skipped without an allowed reason: they count as failures.`);
  counts.failed += unexplained.length;
}
const skipped = ci ? counts.skipped.length - unexplained.length : counts.skipped.length;
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(code !== 0 ? code : counts.failed > 0 ? 1 : 0);

function vitest(args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        path.join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=./tests/support/count-reporter.ts',
        ...args,
      ],
      { cwd: root, stdio: 'inherit', env: { ...process.env, TELORING_TEST_COUNTS: countsFile } },
    );
    // A terminal's Ctrl-C reaches vitest by itself; what is sent to us alone is passed on, so that its services stop.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', (error) => {
      console.error(error);
      resolve(1);
    });
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  });
}

/** A runner that ended without its counts has failed. */
function readCounts(): Counts {
  try {
    return JSON.parse(readFileSync(countsFile, 'utf8')) as Counts;
  } catch {
    return { passed: 0, failed: 1, skipped: [] };
  }
}
