/** `npm run capabilities`: writes the channels' table into README.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withCapabilityTable } from './capability-table.ts';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withCapabilityTable(readFileSync(readme, 'utf8')));
