/** Documents can't rot silently: every path they cite exists, every script they name is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from './source.ts';

const documents = readdirSync(root).filter((name) => name.endsWith('.md'));
const topLevel = /^(workflows|activities|channels|db|api|studio-ui|tests|\.ci)\//;

test.each(documents)('%s cites only what exists', (name) => {
  const text = readFileSync(path.join(root, name), 'utf8');
  const cited = [...text.matchAll(/`([^`\s]+)`/g)].map((match) => match[1] ?? '');
  const paths = cited.filter((word) => topLevel.test(word) && !/[<>{}*]/.test(word));
  expect(paths.filter((word) => !existsSync(path.join(root, word)))).toEqual([]);
});

test.each(documents)('%s names only scripts that exist', (name) => {
  const text = readFileSync(path.join(root, name), 'utf8');
  const scripts = Object.keys(
    (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts,
  );
  const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '');
  expect(named.filter((script) => !scripts.includes(script))).toEqual([]);
});

test('there are the documents a newcomer looks for', () => {
  expect(documents).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']));
});
