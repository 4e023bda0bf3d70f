import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { capabilityTable, withCapabilityTable } from '#channels/capability-table.ts';
import { definitions } from '#channels/definitions.ts';
import { root } from './source.ts';

test('README’s table of channels is what the definitions say (npm run capabilities)', () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  expect(readme).toBe(withCapabilityTable(readme));
});

test('every channel is in it, and a changed definition changes it', () => {
  const table = capabilityTable();
  for (const { title } of Object.values(definitions)) expect(table).toContain(`| ${title} |`);
  const { telegram } = definitions;
  const changed = {
    ...telegram,
    capabilities: { ...telegram.capabilities, video: !telegram.capabilities.video },
  };
  expect(capabilityTable([changed])).not.toBe(capabilityTable([telegram]));
  expect(capabilityTable([{ ...telegram, reports: {} }])).not.toBe(capabilityTable([telegram]));
});

test('a document without the block is refused', () => {
  expect(() => withCapabilityTable('# Title')).toThrow('no block');
});
