import { rm } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserIsMissing, launchBrowser } from '../support/browser.ts';
import { startProduct, type Product } from '../support/product.ts';
import { createTeam, serveWebsite, shopFlow, widgetOn, type Website } from '../support/widget.ts';

describe.skipIf(browserIsMissing())('the chat widget on a website of another origin', () => {
  let product: Product;
  let website: Website;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let inboxId: string;
  let requests: string[];
  let faults: string[];

  beforeAll(async () => {
    product = await startProduct();
    website = await serveWebsite(product.url);
    inboxId = await createTeam(product).createInbox([website.origin, website.sameSiteOrigin]);
    await createTeam(product).publish(shopFlow(inboxId));
    browser = await launchBrowser();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await website?.close();
    await product?.stop();
    if (product) await rm(product.home, { recursive: true, force: true });
  }, 60_000);

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1100, height: 800 } });
    page = await context.newPage();
    requests = [];
    faults = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content.Security.Policy|Refused to/i.test(message.text()))
        faults.push(message.text());
    });
  });
  afterEach(async () => {
    await context?.close();
    expect(faults).toEqual([]);
  });

  const team = () => createTeam(product);
  const frameHasStorage = (): Promise<boolean> =>
    widgetOn(page).field.evaluate(() => {
      try {
        return Object.keys(localStorage).length > 0;
      } catch {
        return false;
      }
    });
  const visit = (path = `/?inbox=${inboxId}`) => page.goto(website.origin + path);
  /** The one conversation in which somebody wrote this. */
  async function conversationWith(text: string): Promise<string> {
    for (let tries = 0; tries < 200; tries++) {
      for (const { id } of await team().conversations(inboxId)) {
        if ((await team().thread(id)).some((message) => message.text === text)) return id;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Nobody wrote “${text}”.`);
  }

  it('loads little until it is opened; opens, closes and gives the focus back by keyboard', async () => {
    await visit();
    const chat = widgetOn(page);
    await chat.launcher.waitFor();
    expect(requests.filter((url) => url.startsWith(product.url)).map((url) => new URL(url).pathname)).toEqual(
      ['/widget.js', `/live-chat/${inboxId}/config`],
    );
    expect(await page.evaluate(() => Object.keys(window).filter((name) => /teloring/i.test(name)))).toEqual([
      'Teloring',
    ]);

    await chat.launcher.focus();
    await page.keyboard.press('Enter');
    await chat.field.waitFor();
    await expect.poll(() => chat.field.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.press('Escape');
    await chat.launcher.waitFor();
    expect(await page.locator('iframe').isVisible()).toBe(false);
    const focused = (): Promise<string | null | undefined> =>
      page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute('aria-label'));
    await expect.poll(focused).toBe('Open chat: Ask the shop');
  });

  it('talks to the bot, then to a person who takes over, and never shows a note', async () => {
    const bodies: string[] = [];
    page.on('response', (response) => {
      if (response.url().includes('/messages'))
        response.text().then(
          (text) => bodies.push(text),
          () => undefined,
        );
    });
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Is anybody there?');
    await chat.see('What is it about?');
    await chat.frame.getByRole('button', { name: 'An order' }).click();
    await chat.see('Noted. Which number does it have?');
    expect(await chat.frame.getByRole('button', { name: 'An order' }).count()).toBe(0);

    const conversationId = await conversationWith('Is anybody there?');
    await team().reply(conversationId, 'TOP SECRET NOTE', true);
    await team().reply(conversationId, 'A person here. I look into it.');
    await chat.see('A person here. I look into it.');
    expect(await team().conversations(inboxId)).toMatchObject([{ id: conversationId, owner: 'human' }]);

    await chat.say('Number 4711');
    await chat.see('Number 4711');
    // The widget shows it at once; who answers has it first.
    await expect
      .poll(async () => (await team().thread(conversationId)).at(-1)?.text, { timeout: 15_000 })
      .toBe('Number 4711');
    await team().reply(conversationId, 'Found it.');
    await chat.see('Found it.');
    const thread = await team().thread(conversationId);
    expect(thread.filter(({ direction }) => direction !== 'internal').map(({ text }) => text)).toEqual([
      'Is anybody there?',
      'What is it about?',
      'An order',
      'Noted. Which number does it have?',
      'A person here. I look into it.',
      'Number 4711',
      'Found it.',
    ]);

    await page.keyboard.press('Escape');
    await team().reply(conversationId, 'Anything else?');
    await page
      .getByRole('button', { name: 'Open chat: Ask the shop, 1 new message' })
      .waitFor({ timeout: 10_000 });
    // The badge is also there on the next page, before anybody opens the chat.
    await visit();
    await page
      .getByRole('button', { name: 'Open chat: Ask the shop, 1 new message' })
      .waitFor({ timeout: 10_000 });
    await chat.open();
    await chat.see('Anything else?');
    expect(await chat.log.innerText()).not.toContain('SECRET');
    expect(bodies.join('')).toContain('Anything else?');
    expect(bodies.join('')).not.toContain('SECRET');
  });

  // Browsers deny a frame of another site its storage; the page around it keeps it then.
  it.each([
    ['another', 'origin'],
    ['the same', 'sameSiteOrigin'],
  ] as const)('sends what got no answer again after a reload, once (on %s site)', async (kind, origin) => {
    await page.goto(`${website[origin]}/?inbox=${inboxId}`);
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('First words');
    await chat.see('What is it about?');
    expect(await frameHasStorage()).toBe(origin === 'sameSiteOrigin');
    const question = `Did this arrive on ${kind} site?`;
    // The server gets it, its answer doesn't come back; the live stream is cut as well.
    let swallowed = 0;
    await page.route('**/live-chat/*/stream*', (route) => route.abort());
    await page.route('**/live-chat/*/messages', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await route.fetch();
      swallowed += 1;
      return route.abort();
    });
    await page.reload();
    await chat.open();
    await chat.say(question);
    await chat.see(question);
    await expect.poll(() => swallowed, { timeout: 15_000 }).toBeGreaterThan(0);
    await page.unrouteAll({ behavior: 'wait' });
    await page.reload();
    await chat.open();
    const conversationId = await conversationWith(question);
    await expect.poll(() => chat.frame.getByText(/Sending|Waiting for/).count(), { timeout: 15_000 }).toBe(0);
    expect(await chat.count(question)).toBe(1);
    const thread = await team().thread(conversationId);
    expect(thread.filter(({ text }) => text === question)).toHaveLength(1);
    expect(swallowed).toBeGreaterThan(0);
  });

  it('shows a picture it sent, on both sides', async () => {
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Look at this picture');
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC',
      'base64',
    );
    await chat.frame
      .locator('input[type=file]')
      .setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: png });
    const image = chat.log.getByRole('img');
    await expect.poll(() => image.count(), { timeout: 15_000 }).toBe(1);
    const conversationId = await conversationWith('Look at this picture');
    await expect.poll(() => chat.frame.getByText(/Sending/).count(), { timeout: 15_000 }).toBe(0);
    // After a reload it comes from the server, by a signed link.
    await page.reload();
    await chat.open();
    const width = (): Promise<number> =>
      image
        .first()
        .evaluate((element) => (element instanceof HTMLImageElement ? element.naturalWidth : 0))
        .catch(() => 0);
    await expect.poll(width, { timeout: 15_000 }).toBe(10);
    expect((await team().thread(conversationId)).filter(({ direction }) => direction === 'in')).toHaveLength(
      2,
    );
  });

  it('keeps what is written while the server is down, and sends it once and in order when it is back', async () => {
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Before the fall');
    await chat.see('What is it about?');
    const conversationId = await conversationWith('Before the fall');

    await product.kill9All();
    await chat.say('Written in the dark');
    await chat.say('And one more');
    await chat.frame.getByText(/No connection/).waitFor({ timeout: 20_000 });
    await page.reload();
    product = await startProduct({ home: product.home, port: product.port });
    // The page itself is of another server; the widget finds its own again.
    await chat.launcher.waitFor({ timeout: 90_000 });
    await chat.open();
    await chat.see('Written in the dark', 60_000);
    const written = async (): Promise<string[]> =>
      (await team().thread(conversationId))
        .filter(({ direction }) => direction === 'in')
        .map(({ text }) => text);
    await expect
      .poll(written, { timeout: 60_000 })
      .toEqual(['Before the fall', 'Written in the dark', 'And one more']);
    await team().reply(conversationId, 'We are back.');
    await chat.see('We are back.', 30_000);
    await expect
      .poll(() => chat.frame.getByText(/Sending|Waiting for|No connection/).count(), { timeout: 30_000 })
      .toBe(0);
    for (const text of ['Before the fall', 'Written in the dark', 'And one more', 'We are back.']) {
      expect(await chat.count(text), text).toBe(1);
    }
  });

  it('is not shown on a website that is not allowed, not even as a bare frame', async () => {
    const strange = await serveWebsite(product.url);
    try {
      const warnings: string[] = [];
      page.on('console', (message) => warnings.push(message.text()));
      await page.goto(`${strange.origin}/?inbox=${inboxId}`);
      await expect.poll(() => warnings.join('\n')).toContain('is not shown here');
      expect(await page.getByRole('button').count()).toBe(0);
      await page.goto(`${strange.origin}/bare?inbox=${inboxId}`);
      await expect.poll(() => warnings.join('\n')).toContain('frame-ancestors');
      expect(await page.frameLocator('iframe').getByRole('textbox').count()).toBe(0);
      // Being refused is what this test is about.
      faults = faults.filter((fault) => !fault.includes('frame-ancestors'));
    } finally {
      await strange.close();
    }
  });
});
