/**
 * A real browser for tests: the machine's Chromium, driven by playwright-core. Where there is none the tests are skipped with a
 * printed reason; with CI=true that is a failure.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const knownPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const knownNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns the browser's path, or null and why there is none */
export function findBrowser(): { path: string } | { path: null; reason: string } {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen) {
    return isProgram(chosen)
      ? { path: chosen }
      : { path: null, reason: `CHROMIUM_PATH names ${chosen}, which is no program` };
  }
  const found = knownPlaces.find(isProgram) ?? knownNames.map(onPath).find((path) => path !== null);
  if (found) return { path: found };
  return {
    path: null,
    reason: `no Chromium or Chrome was found (tried ${knownPlaces.length} places and PATH); install one or set CHROMIUM_PATH`,
  };
}

/**
 * For `describe.skipIf(browserIsMissing())`: says on stderr why browser tests are skipped.
 * @throws Error with CI=true, where a missing browser is a failure
 */
export function browserIsMissing(): boolean {
  const browser = findBrowser();
  if (browser.path !== null) return false;
  if (process.env['CI'] === 'true') throw new Error(`Browser tests can't run: ${browser.reason}.`);
  process.stderr.write(`Browser tests are skipped: ${browser.reason}.\n`);
  return true;
}

/** @throws Error if there is none */
export async function launchBrowser(moreFlags: readonly string[] = []): Promise<Browser> {
  const browser = findBrowser();
  if (browser.path === null) throw new Error(`There is no browser: ${browser.reason}.`);
  return chromium.launch({
    executablePath: browser.path,
    args: [...flags, ...moreFlags],
    headless: true,
    chromiumSandbox: false,
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name: string): string | null {
  try {
    return (
      execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
    );
  } catch {
    return null;
  }
}
