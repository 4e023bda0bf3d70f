/** The studio in a browser: the product with an admin signed in, and where things stand on its pages. */
import { rm } from 'node:fs/promises';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { startProduct, type Product, type ProductOptions } from './product.ts';

/** The machine may be busy. */
export const UI_TIMEOUT_MS = 30_000;

type SignedIn = Awaited<ReturnType<BrowserContext['storageState']>>;

export interface Studio {
  product: Product;
  /** Where the workspace begins: `<url>/w/<slug>`. */
  home: string;
  /** The admin's session. */
  signedIn: SignedIn;
  visit(as?: SignedIn): Promise<Visit>;
  /** For browsers that show something else than the studio. */
  browser: Browser;
  close(): Promise<void>;
}
/** A page of its own, with everything it complains about noted. */
export interface Visit {
  page: Page;
  faults: string[];
  /** How often a document was loaded. */
  loads(): number;
  close(): Promise<void>;
}

/** @param options.flags more of the browser's, such as a microphone that beeps */
export async function startStudio({
  flags = [],
  ...options
}: ProductOptions & { flags?: readonly string[] } = {}): Promise<Studio> {
  const product = await startProduct(options);
  const browser = await launchBrowser(flags);
  const first = await browser.newContext({ baseURL: product.url });
  first.setDefaultTimeout(UI_TIMEOUT_MS);
  const entrance = await first.newPage();
  await entrance.goto('/sign-in');
  await signIn(entrance, product, product.adminPassword);
  await entrance.waitForURL(/\/w\/[^/]+\/conversations/);
  const home = /^.*\/w\/[^/]+/.exec(entrance.url())?.[0] ?? '';
  const signedIn = await first.storageState();
  await first.close();
  return {
    product,
    home,
    signedIn,
    browser,
    visit: (as) => visit(browser, product, as),
    async close() {
      await browser.close();
      await product.stop();
      await rm(product.home, { recursive: true, force: true });
    },
  };
}

export async function signIn(page: Page, product: Product, password: string): Promise<void> {
  await page.getByLabel('Email').fill(product.adminEmail);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function visit(browser: Browser, product: Product, as?: SignedIn): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: product.url,
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    ...(as ? { storageState: as } : {}),
  });
  context.setDefaultTimeout(UI_TIMEOUT_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  let loads = 0;
  page.on('load', () => loads++);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${message.text()} (${message.location().url})`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) faults.push(`${response.url()} answered ${response.status()}`);
  });
  return { page, faults, loads: () => loads, close: () => context.close() };
}

export const see = (what: Locator): Promise<void> => what.waitFor();
export const gone = (what: Locator): Promise<void> => what.waitFor({ state: 'hidden' });

/** Parts of the conversations page. */
export function conversationParts(page: () => Page) {
  const list = () => page().getByRole('region', { name: 'Conversations', exact: true });
  return {
    list,
    row: (name: string) => list().getByRole('link', { name }),
    log: () => page().getByRole('log', { name: 'Messages' }),
    details: () => page().getByRole('complementary', { name: 'Details' }),
    composer: () => page().getByRole('group', { name: 'Reply' }),
    button: (name: string) => page().getByRole('button', { name, exact: true }),
  };
}
