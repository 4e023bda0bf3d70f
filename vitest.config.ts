import { defineConfig } from 'vitest/config';

/** Projects that need Postgres, Temporal or a browser get them from tests/support/services.ts. */
const withServices = {
  globalSetup: ['tests/support/global-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

const project = (name: string, extra: object = {}) => ({
  test: { name, include: [`tests/${name}/**/*.test.ts`], environment: 'node', ...extra },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit'),
      project('architecture', { testTimeout: 60_000 }),
      project('contract', { testTimeout: 30_000 }),
      project('db', withServices),
      project('api', withServices),
      project('workflows', withServices),
      project('replay', { testTimeout: 60_000 }),
      project('chaos', { ...withServices, testTimeout: 300_000 }),
      project('e2e', { ...withServices, testTimeout: 180_000 }),
    ],
  },
});
