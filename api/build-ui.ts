/** Builds the UI and the chat widget when their sources differ from what the last build was made of. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { readTextIfThere } from './embedded/files.ts';

const root = path.resolve(import.meta.dirname, '..');
const BUILDS = [
  { title: 'the UI', config: 'studio-ui/vite.config.ts', output: 'studio-ui/dist' },
  { title: 'the chat widget', config: 'studio-ui/widget/vite.config.ts', output: 'studio-ui/dist-widget' },
] as const;
/** What either build may import from. */
const SOURCES = ['studio-ui', 'workflows/domain', 'channels', 'package-lock.json'];
const stampName = '.built-from';

/**
 * Idempotent: does nothing where the builds are current. A failed build leaves the one before in use, with a sentence.
 * @returns whether every build is current now
 */
export async function buildUi(say: (line: string) => void, signal?: AbortSignal): Promise<boolean> {
  const sources = await fingerprint();
  let current = true;
  for (const { title, config, output } of BUILDS) {
    const stamp = path.join(root, output, stampName);
    if ((await readTextIfThere(stamp)) === sources) continue;
    if (!existsSync(path.join(root, config))) {
      say(`${config} isn't there: ${title} is left out.`);
      current = false;
      continue;
    }
    say(`Building ${title} …`);
    const result = await viteBuild(config, signal);
    signal?.throwIfAborted();
    if (result.code === 0) {
      await writeFile(stamp, sources);
      continue;
    }
    current = false;
    const before = existsSync(path.join(root, output)) ? 'the last build stays in use' : 'it is left out';
    say(`Building ${title} failed, ${before}:\n${excerpt(result.output)}`);
  }
  return current;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of await filesBelow(path.join(root, source))) {
      hash.update(`${path.relative(root, file)}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex');
}

async function filesBelow(place: string): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (!entries) return [place];
  const nested = entries
    .filter(({ name }) => !name.startsWith('dist') && name !== 'node_modules' && !name.startsWith('.'))
    .map(async (entry) => {
      const child = path.join(place, entry.name);
      return entry.isDirectory() ? filesBelow(child) : [child];
    });
  return (await Promise.all(nested)).flat().sort();
}

/** What went wrong without the builder's own stack. */
function excerpt(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return lines
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join('\n');
}

function viteBuild(config: string, signal?: AbortSignal): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    const child = spawn(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'warn'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => keep(Buffer.from(error.message)));
    child.once('close', (code) => resolve({ code, output }));
  });
}
