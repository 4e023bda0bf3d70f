import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StartError } from '../../../api/embedded/start-error.ts';
import { findTemporal } from '../../../api/embedded/temporal-binary.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'teloring-temporal-'));
});
afterEach(() => rm(folder, { recursive: true }));

const said: string[] = [];
/** Nothing but what the test puts there; the download's proxy refuses at once. */
const search = (extra: Record<string, string> = {}) => ({
  env: {
    PATH: path.join(folder, 'bin'),
    HOME: path.join(folder, 'home'),
    HTTPS_PROXY: 'http://127.0.0.1:1',
    ...extra,
  },
  say: (line: string) => said.push(line),
});
async function program(file: string, script = 'exit 0'): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

test('PATH comes before the cache', async () => {
  const cached = await program(path.join(folder, 'home/.cache/teloring/bin/temporal'));
  expect(await findTemporal(search())).toBe(cached);
  const onPath = await program(path.join(folder, 'bin/temporal'));
  expect(await findTemporal(search())).toBe(onPath);
});

test('XDG_CACHE_HOME moves the cache', async () => {
  const cached = await program(path.join(folder, 'xdg/teloring/bin/temporal'));
  expect(await findTemporal(search({ XDG_CACHE_HOME: path.join(folder, 'xdg') }))).toBe(cached);
});

test('built with Go where the download fails: into the cache, whole', async () => {
  await program(
    path.join(folder, 'bin/go'),
    'test "$2" = github.com/temporalio/cli/cmd/temporal@v1.5.1 || exit 9\nprintf "#!/bin/sh\\n" > "$GOBIN/temporal"\n/bin/chmod +x "$GOBIN/temporal"',
  );
  const built = await findTemporal(search());
  expect(built).toBe(path.join(folder, 'home/.cache/teloring/bin/temporal'));
  expect(said.some((line) => line.startsWith('Building Temporal with Go'))).toBe(true);
  expect(await readdir(path.dirname(built))).toEqual(['temporal']);
}, 60_000);

test('with nothing at all it says what was tried and what to do', async () => {
  const error = await findTemporal(search()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  const { message } = error as StartError;
  expect(message).toMatch(/no `temporal` on PATH; none in .*; the download failed \(.+\); no `go` on PATH/);
  expect(message).toMatch(/install the Temporal CLI[\s\S]*install Go[\s\S]*TEMPORAL_ADDRESS/);
}, 60_000);

test("a failing build tells Go's own words", async () => {
  await program(path.join(folder, 'bin/go'), 'echo "go: no space left on device" >&2; exit 1');
  await expect(findTemporal(search())).rejects.toThrow(
    /the build with Go failed \(go: no space left on device\)/,
  );
}, 60_000);
