/** Starts (or finds) the real Postgres and Temporal once for all test files, and a migrated template database. */
import type { TestProject } from 'vitest/node';
import { startTestServices } from './services.ts';

declare module 'vitest' {
  interface ProvidedContext {
    services: { adminUrl: string; templateDatabase: string; temporalAddress: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startTestServices();
  project.provide('services', services.provided);
  return services.stop;
}
