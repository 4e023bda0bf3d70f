/** The widget as the page around it sees it: its calls and events, languages, policies, small screens, and what its settings preview. */
import { createHmac } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TeloringChat } from '../../studio-ui/widget/teloring.d.ts';
import { browserIsMissing, launchBrowser } from '../support/browser.ts';
import { startProduct, type Product } from '../support/product.ts';
import { unreadableTexts, unnamedControls } from '../support/readable.ts';
import { createTeam, serveWebsite, shopFlow, widgetOn, type Website } from '../support/widget.ts';
import { WIDGET_BUDGETS, widgetSizes } from '../support/widget-sizes.ts';

type Heard = [name: string, detail: Record<string, unknown>][];
/** The page's globals, as scripts in it see them. */
interface PageWindow {
  Teloring: TeloringChat;
  heard: Heard;
}

describe.skipIf(browserIsMissing())('the widget and the page around it', () => {
  let product: Product;
  let website: Website;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let inboxId: string;
  let requests: string[];
  let complaints: string[];

  beforeAll(async () => {
    product = await startProduct();
    website = await serveWebsite(product.url);
    const settings = { unreadInTitle: true, team: ['Ada', 'Ben'] };
    inboxId = await createTeam(product).createInbox([website.origin], settings);
    await createTeam(product).publish(shopFlow(inboxId));
    browser = await launchBrowser();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await website?.close();
    await product?.stop();
    if (product) await rm(product.home, { recursive: true, force: true });
  }, 60_000);
  beforeEach(() => renew({}));
  afterEach(async () => {
    await context?.close();
    expect(complaints).toEqual([]);
  });

  async function renew(options: Parameters<Browser['newContext']>[0]): Promise<void> {
    await context?.close();
    context = await browser.newContext({
      viewport: { width: 1100, height: 800 },
      locale: 'en-GB',
      ...options,
    });
    page = await context.newPage();
    requests = [];
    complaints = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to|TrustedHTML|Trusted Type/i.test(message.text()))
        complaints.push(message.text());
    });
  }
  const team = () => createTeam(product);
  const visit = (more = '', inbox = inboxId) => page.goto(`${website.origin}/?inbox=${inbox}${more}`);
  const heard = (name: string): Promise<Record<string, unknown>[]> =>
    page.evaluate(
      (wanted) =>
        (window as unknown as PageWindow).heard.filter((each) => each[0] === wanted).map((each) => each[1]),
      name,
    );
  const call = (work: (teloring: TeloringChat) => void): Promise<void> =>
    page.evaluate(`(${String(work)})(window.Teloring)`);

  it('keeps its promised sizes', () => {
    const sizes = widgetSizes();
    expect(sizes.beforeOpening).toBeLessThanOrEqual(WIDGET_BUDGETS.beforeOpening);
    expect(sizes.frame).toBeLessThanOrEqual(WIDGET_BUDGETS.frame);
  });

  it('keeps calls from before it was there, tells what happens, and never throws into the page', async () => {
    await visit('&stub=1');
    const chat = widgetOn(page);
    await chat.field.waitFor();
    await expect.poll(() => chat.field.inputValue()).toBe('Written by the page');
    // A handler's own error is the page's to see, and stops nobody else's handler.
    expect(complaints.splice(0)).toEqual(['the page’s own mistake']);
    expect(await heard('ready')).toEqual([{}]);
    expect(await heard('opened')).toEqual([{}]);
    expect(await page.evaluate(() => (window as unknown as PageWindow).heard.flat())).not.toContain(
      'stopped too late',
    );

    await chat.field.press('Enter');
    await chat.see('What is it about?');
    expect(await heard('conversation_started')).toEqual([{ conversationId: expect.any(String) }]);
    expect(await heard('message')).toMatchObject([{ from: 'bot', text: 'What is it about?' }]);

    // What a page passes by mistake, in plain JavaScript.
    await page.evaluate(() => {
      const teloring = (window as unknown as { Teloring: Record<string, (...given: unknown[]) => unknown> })
        .Teloring;
      for (const name of Object.keys(teloring))
        for (const given of [[], [null], [{}], [Symbol('x')], [() => 1, 2]]) teloring[name]?.(...given);
    });
    expect((await heard('error')).map(({ code }) => code)).toContain('call_failed');
    await call((teloring) => teloring.close());
    await expect.poll(() => page.locator('iframe').isVisible()).toBe(false);
    await call((teloring) => teloring.hide());
    expect(await chat.launcher.count()).toBe(0);
    await call((teloring) => teloring.show());
    await chat.launcher.waitFor();
    await call((teloring) => teloring.toggle());
    await chat.field.waitFor();
  });

  it('is there once, however often its script is', async () => {
    const warnings: string[] = [];
    page.on('console', (message) => warnings.push(message.text()));
    await visit('&twice=1');
    await widgetOn(page).launcher.waitFor();
    await expect.poll(() => warnings.join('\n')).toContain('the second script is ignored');
    expect(await page.locator('[data-teloring-chat]').count()).toBe(1);
  });

  it('says who the visitor is where their server signed it, and refuses what it did not', async () => {
    const { secret } = await team().call<{ secret: string }>(
      'POST',
      `/api/inboxes/${inboxId}/identity-secrets`,
    );
    const hash = createHmac('sha256', secret).update('customer-7').digest('hex');
    await visit('&stub=1');
    await widgetOn(page).field.waitFor();
    complaints.splice(0);
    await page.evaluate((signed) => {
      const { Teloring } = window as unknown as PageWindow;
      Teloring.identify({ id: 'customer-8', hash: signed });
    }, hash);
    await expect.poll(async () => (await heard('error')).length).toBeGreaterThan(0);
    expect(await heard('identified')).toEqual([]);
    await page.evaluate((signed) => {
      const { Teloring } = window as unknown as PageWindow;
      Teloring.identify({ id: 'customer-7', hash: signed, name: 'Ada' });
    }, hash);
    await expect.poll(() => heard('identified')).toEqual([{ id: 'customer-7' }]);
  });

  it('speaks the page’s language, loads no other, and turns around for Arabic', async () => {
    await visit('&lang=de-AT');
    await page.getByRole('button', { name: 'Chat öffnen: Ask the shop' }).click();
    const frame = page.frameLocator('iframe');
    await frame.getByPlaceholder('Nachricht schreiben').waitFor();
    const languageFiles = requests.filter((url) => /\/(launcher-)?(fr|es|pt|it|nl|pl|ar|ja)[-.]/.test(url));
    expect(languageFiles).toEqual([]);

    await call((teloring) => teloring.setLanguage('ar'));
    const field = frame.getByPlaceholder('اكتب رسالة');
    await field.fill('مرحبا');
    await field.press('Enter');
    await page.getByRole('button', { name: 'أغلق المحادثة', exact: true }).first().waitFor();
    expect(await frame.locator('html').getAttribute('dir')).toBe('rtl');
    // The visitor's own words stand at the end of the line, which is left now; the close button too.
    const own = await frame.getByRole('log').getByText('مرحبا').boundingBox();
    const log = await frame.getByRole('log').boundingBox();
    const close = await frame.locator('header button').boundingBox();
    if (!own || !log || !close) throw new Error('Something is not on screen.');
    expect(own.x + own.width / 2).toBeLessThan(log.x + log.width / 2);
    expect(close.x).toBeLessThan(log.x + log.width / 2);

    await team().call('PATCH', `/api/inboxes/${inboxId}`, { settings: { language: 'fr' } });
    await visit('&lang=de');
    await page.getByRole('button', { name: 'Ouvrir le chat : Ask the shop' }).waitFor();
    await team().call('PATCH', `/api/inboxes/${inboxId}`, { settings: { language: 'auto' } });
  });

  it('works on a page with a strict policy and Trusted Types', async () => {
    await visit('&strict=1&stub=1');
    const chat = widgetOn(page);
    await chat.field.waitFor();
    expect(complaints.splice(0)).toEqual(['the page’s own mistake']);
    await chat.say('From a careful page');
    await chat.see('What is it about?');
    // The styles are there: else the panel would stand in the page's flow.
    expect(await page.locator('dialog').evaluate((dialog) => getComputedStyle(dialog).position)).toBe(
      'fixed',
    );
  });

  it('shows the newest message beside its button and counts in the title, until it is read or waved away', async () => {
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Tell me later');
    await chat.see('What is it about?');
    await page.keyboard.press('Escape');
    const [conversation] = await team().conversations(inboxId);
    await team().reply(conversation?.id ?? '', 'Now I know more.');
    const news = page.getByRole('button', { name: /Now I know more/ });
    await news.waitFor({ timeout: 15_000 });
    await expect.poll(() => page.title()).toBe('(1) A website');
    await page.getByRole('button', { name: 'Hide this message' }).click();
    expect(await news.count()).toBe(0);
    // Waved away stays so on the next page; unread it is all the same.
    await visit();
    await page.getByRole('button', { name: /1 new message/ }).waitFor({ timeout: 15_000 });
    expect(await news.count()).toBe(0);
    await team().reply(conversation?.id ?? '', 'And even more.');
    await page.getByRole('button', { name: /And even more/ }).click({ timeout: 15_000 });
    await chat.see('And even more.');
    await expect.poll(() => page.title()).toBe('A website');
  });

  it('fills a phone, keeps the page behind out of reach, and gives it back', async () => {
    await renew({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await visit();
    const chat = widgetOn(page);
    await chat.launcher.focus();
    await page.keyboard.press('Enter');
    await chat.field.waitFor();
    const box = await page.locator('dialog').boundingBox();
    expect(box).toMatchObject({ x: 0, y: 0, width: 390, height: 844 });
    expect(await page.locator('dialog').evaluate((dialog) => dialog.matches(':modal'))).toBe(true);
    const activeIsOutside = (): Promise<boolean> =>
      page.evaluate(() => document.activeElement instanceof HTMLAnchorElement);
    // The keyboard goes round within: past the end comes the beginning.
    const isAtStart = (): Promise<boolean> =>
      chat.frame.locator('header button').evaluate((button) => button === document.activeElement);
    let rounds = 0;
    for (let tabs = 0; tabs < 14; tabs++) {
      await page.keyboard.press('Tab');
      expect(await activeIsOutside()).toBe(false);
      await page.waitForTimeout(50);
      if (await isAtStart()) rounds += 1;
    }
    expect(rounds).toBeGreaterThanOrEqual(2);
    await chat.field.click();
    await page.keyboard.press('Escape');
    await chat.launcher.waitFor();
    const focused = (): Promise<string | null | undefined> =>
      page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute('aria-label'));
    await expect.poll(focused).toBe('Open chat: Ask the shop');
    expect(await page.evaluate(() => document.documentElement.style.overflow)).toBe('');
  });

  it.each(['light', 'dark'] as const)('can be read and named in every part (%s)', async (colorScheme) => {
    await renew({ colorScheme });
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Can you read me?');
    await chat.see('What is it about?');
    const [, frame] = page.frames();
    if (!frame) throw new Error('The chat has no frame.');
    expect(await unreadableTexts(frame)).toEqual([]);
    expect(await unnamedControls(frame)).toEqual([]);
  });

  it('tells its owner where it was seen, and where it was refused', async () => {
    const strange = await serveWebsite(product.url);
    try {
      await visit();
      await widgetOn(page).launcher.waitFor();
      await page.goto(`${strange.origin}/?inbox=${inboxId}`);
      const seen = async () =>
        (
          await team().call<{ items: { origin: string; isAllowed: boolean }[] }>(
            'GET',
            `/api/inboxes/${inboxId}/websites`,
          )
        ).items.map(({ origin, isAllowed }) => [origin, isAllowed]);
      await expect.poll(seen, { timeout: 20_000 }).toEqual(
        expect.arrayContaining([
          [website.origin, true],
          [strange.origin, false],
        ]),
      );
    } finally {
      await strange.close();
    }
  });

  it('is previewed in its settings as it is edited, without a session or a call', async () => {
    await page.goto(`${product.url}/sign-in`);
    await page.getByLabel('Email').fill(product.adminEmail);
    await page.getByLabel('Password').fill(product.adminPassword);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/\/w\/[^/]+\//);
    const slug = /\/w\/([^/]+)/.exec(page.url())?.[1] ?? '';
    requests.length = 0;
    await page.goto(`${product.url}/w/${slug}/ring/live_chat/${inboxId}/settings`);
    const chat = page.frameLocator('iframe[title="The chat as visitors see it"]').frameLocator('iframe');
    await chat.getByRole('heading', { name: 'Ask the shop' }).waitFor();
    await page.getByLabel('Title', { exact: true }).fill('Ask our roasters');
    await chat.getByRole('heading', { name: 'Ask our roasters' }).waitFor();
    await page.getByRole('combobox', { name: /^Shows/ }).click();
    await page.getByRole('option', { name: 'Questions first' }).click();
    await chat.getByRole('button', { name: 'Start chat' }).waitFor();
    await page
      .getByRole('combobox', { name: /^Language: / })
      .last()
      .click();
    await page.getByRole('option', { name: 'Deutsch' }).click();
    await chat.getByRole('button', { name: 'Chat starten' }).waitFor();
    expect(
      requests.filter((url) => /\/live-chat\/.*\/(session|messages|stream|config|pre-chat)/.test(url)),
    ).toEqual([]);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved').first().waitFor();
    const inbox = await team().call<{ settings: { title: string } }>('GET', `/api/inboxes/${inboxId}`);
    expect(inbox.settings.title).toBe('Ask our roasters');
  });
});
