/** `npm ci` refuses a lock that leaves out what a package names as optional for another platform; npm itself leaves it out at times. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  optionalDependencies?: Record<string, string>;
}

test('the lock has an entry for every optional dependency', async () => {
  const file = path.resolve(import.meta.dirname, '../../package-lock.json');
  const { packages } = JSON.parse(await readFile(file, 'utf8')) as { packages: Record<string, Locked> };
  const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !places(place).some((above) => `${above}node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

/** Where a package's dependencies may lie: beside it, or anywhere above. */
function places(place: string): string[] {
  if (place === '') return [''];
  return [`${place}/`, ...places(place.slice(0, place.lastIndexOf('node_modules/')).replace(/\/$/, ''))];
}
