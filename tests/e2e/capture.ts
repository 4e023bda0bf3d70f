/** A PNG of each page of the route table, at several widths, light and dark. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import {
  hrefOfAny,
  ROUTE_NAMES,
  routeOf,
  type RouteName,
  type SampleIds,
} from '../../studio-ui/src/lib/routes.ts';
import type { Product } from '../support/product.ts';

export const WIDTHS = [1440, 1024, 390] as const;
export const SCHEMES = ['light', 'dark'] as const;

export interface CaptureOptions {
  folder: string;
  routes?: readonly RouteName[];
  widths?: readonly number[];
  schemes?: readonly (typeof SCHEMES)[number][];
}
export interface Captured {
  files: string[];
  /** Pages that need something the samples lack. */
  skipped: RouteName[];
  /** Console errors and uncaught exceptions, with the page they came from. */
  errors: string[];
}

/** Signs in once per scheme and walks through the table. */
export async function capture(
  browser: Browser,
  product: Pick<Product, 'url' | 'adminEmail' | 'adminPassword'>,
  sample: SampleIds,
  options: CaptureOptions,
): Promise<Captured> {
  await mkdir(options.folder, { recursive: true });
  const captured: Captured = { files: [], skipped: [], errors: [] };
  for (const scheme of options.schemes ?? SCHEMES) {
    const context = await browser.newContext({ colorScheme: scheme, baseURL: product.url, locale: 'en-GB' });
    const page = await context.newPage();
    let place = 'sign-in';
    page.on('console', (message) => {
      if (message.type() === 'error') captured.errors.push(`${place} (${scheme}): ${message.text()}`);
    });
    page.on('pageerror', (error) => captured.errors.push(`${place} (${scheme}): ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 500)
        captured.errors.push(`${place} (${scheme}): ${response.url()} answered ${response.status()}`);
    });
    const shoot = async (name: string): Promise<void> => {
      for (const width of options.widths ?? WIDTHS) {
        await page.setViewportSize({ width, height: width < 600 ? 844 : 900 });
        await settle(page);
        const file = path.join(options.folder, `${name}-${width}-${scheme}.png`);
        await page.screenshot({ path: file });
        captured.files.push(file);
      }
    };
    const wanted = options.routes ?? ROUTE_NAMES;
    for (const isPublic of [true, false]) {
      if (!isPublic) {
        place = 'signing in';
        await signIn(page, product);
      }
      const slug = isPublic ? '' : (/^\/w\/([^/]+)/.exec(new URL(page.url()).pathname)?.[1] ?? '');
      for (const name of wanted.filter((one) => Boolean(routeOf(one).isPublic) === isPublic)) {
        const href = sampleHref(slug, name, sample);
        if (href === null) {
          if (scheme === (options.schemes ?? SCHEMES)[0]) captured.skipped.push(name);
          continue;
        }
        place = name;
        await page.goto(href);
        await shoot(name);
      }
      // What stands on any page: the phone, beside a conversation that is a call.
      if (!isPublic && sample.callConversationId && wanted.includes('conversation')) {
        place = 'phone';
        await page.setViewportSize({ width: 1440, height: 900 });
        await page.goto(hrefOfAny(slug, 'conversation', { conversationId: sample.callConversationId }));
        await page.getByRole('button', { name: 'Phone: Ready' }).waitFor();
        await shoot('call');
        await page.keyboard.press('Alt+p');
        await page.getByRole('region', { name: 'Phone', exact: true }).waitFor();
        await shoot('phone');
      }
    }
    await context.close();
  }
  return captured;
}

function sampleHref(slug: string, name: RouteName, sample: SampleIds): string | null {
  const route = routeOf(name);
  const hash = route.sampleHash?.(sample);
  if (route.sampleHash && hash === undefined) return null;
  const params: Record<string, string> = {};
  for (const [key, value] of Object.entries(route.sampleParams?.(sample) ?? {})) {
    if (value === undefined) return null;
    params[key] = value;
  }
  return hrefOfAny(slug, name, params) + (hash === undefined ? '' : `#${hash}`);
}

async function signIn(page: Page, product: Pick<Product, 'adminEmail' | 'adminPassword'>): Promise<void> {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(product.adminEmail);
  await page.getByLabel('Password').fill(product.adminPassword);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/w\/[^/]+\//);
}

/** Until nothing says that it is loading, fonts are there, and a frame was painted. */
async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('load');
  await page.waitForFunction(
    () =>
      document.querySelector('main') !== null && document.querySelector('[aria-label="Loading"]') === null,
    undefined,
    { timeout: 15_000 },
  );
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
  await page.waitForTimeout(250);
}
