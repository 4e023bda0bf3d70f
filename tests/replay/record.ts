/** `npm run replay:record`: lives through each kind of workflow once and keeps the histories. Do it when a new kind of life appears. */
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(
  'vitest',
  [
    'run',
    '--project',
    'workflows',
    'tests/workflows/histories.test.ts',
    'tests/workflows/mail-subscription.test.ts',
  ],
  {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, RECORD_HISTORIES: '1' },
  },
);
process.exit(status ?? 1);
