/** As a script: sees to it that a `temporal` program is on this machine and prints where. */
import { findTemporal } from './temporal-binary.ts';
import { StartError } from './start-error.ts';

try {
  console.log(await findTemporal({ env: process.env, say: (line) => console.error(line) }));
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
