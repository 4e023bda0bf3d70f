/** A vitest reporter that counts for tests/support/run.ts: what the runner itself says of each test, as JSON. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export interface Counts {
  passed: number;
  failed: number;
  skipped: { test: string; reason: string | null }[];
}

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const file = process.env['TELORING_TEST_COUNTS'];
    if (file) writeFileSync(file, JSON.stringify(count(modules, unhandledErrors)));
  }
}

/** Each test once; a file or suite that failed outside its tests, and each unhandled error, counts as one failure. */
function count(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): Counts {
  const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: [] };
  for (const module of modules) {
    counts.failed += module.errors().length > 0 ? 1 : 0;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length > 0 ? 1 : 0;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') counts.passed += 1;
      else if (result.state === 'failed') counts.failed += 1;
      else {
        const name = `${path.relative(process.cwd(), module.moduleId)} > ${test.fullName}`;
        counts.skipped.push({ test: name, reason: (result.state === 'skipped' && result.note) || null });
      }
    }
  }
  return counts;
}
