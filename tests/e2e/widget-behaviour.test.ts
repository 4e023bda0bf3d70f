/** What the chat does beside messages, in a real browser on a website of another origin: questions, files, receipts, identity, how it was. */
import { createHmac } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { browserIsMissing, launchBrowser } from '../support/browser.ts';
import { signIn } from '../support/studio.ts';
import { startProduct, type Product } from '../support/product.ts';
import { createTeam, serveWebsite, widgetOn, type Website } from '../support/widget.ts';

describe.skipIf(browserIsMissing())('the chat on a website of another origin', () => {
  let product: Product;
  let website: Website;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let inboxId: string;

  beforeAll(async () => {
    product = await startProduct();
    website = await serveWebsite(product.url);
    inboxId = await team().createInbox([website.origin, website.sameSiteOrigin]);
    browser = await launchBrowser();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await website?.close();
    await product?.stop();
    if (product) await rm(product.home, { recursive: true, force: true });
  }, 60_000);
  beforeEach(async () => {
    await set({ preChat: { enabled: false }, csat: { enabled: false }, hours: { enabled: false } });
    context = await browser.newContext({ viewport: { width: 1100, height: 800 } });
    page = await context.newPage();
  });
  afterEach(() => context?.close());

  const team = () => createTeam(product);
  const set = (settings: JsonObject) => team().call('PATCH', `/api/inboxes/${inboxId}`, { settings });
  const visit = (origin = website.origin) => page.goto(`${origin}/?inbox=${inboxId}`);
  async function conversationWith(text: string): Promise<string> {
    for (let tries = 0; tries < 200; tries++) {
      for (const { id } of await team().conversations(inboxId))
        if ((await team().thread(id)).some((message) => message.text === text)) return id;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Nobody wrote “${text}”.`);
  }
  const statusOf = async (conversationId: string, text: string): Promise<string | undefined> => {
    const { items } = await team().call<{ items: { text: string; status: string }[] }>(
      'GET',
      `/api/conversations/${conversationId}/messages`,
    );
    return items.find((message) => message.text === text)?.status;
  };

  it('asks first, says what is wrong, keeps what was answered over a reload, and shows it to the team', async () => {
    await set({
      preChat: {
        enabled: true,
        fields: [
          { key: 'name', kind: 'name', required: true, label: 'Your name' },
          { key: 'email', kind: 'email', required: false, label: 'Email' },
        ],
        consent: 'I agree to be helped.',
      },
    });
    await visit();
    const chat = widgetOn(page);
    await chat.launcher.click();
    const name = chat.frame.getByLabel('Your name');
    await name.waitFor();
    expect(await chat.field.count()).toBe(0);
    await name.fill('Ann');
    await chat.frame.getByLabel('Email').fill('no address');
    await chat.frame.getByRole('button', { name: 'Start chat' }).click();
    await chat.frame.getByText(/agree before you write/).waitFor();
    await chat.frame.getByLabel('Email').fill('ann@customer.example');
    await chat.frame.getByRole('checkbox').check();
    await chat.frame.getByRole('button', { name: 'Start chat' }).click();
    await chat.field.waitFor();
    await page.reload();
    await chat.open();
    await chat.say('With a name');
    const conversationId = await conversationWith('With a name');
    expect(await team().call('GET', `/api/conversations/${conversationId}/visitor`)).toMatchObject({
      name: 'Ann',
      email: 'ann@customer.example',
      online: true,
    });
  });

  it('shows files of both sides, with progress and a way back, and never a page of ours in place', async () => {
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Here are the papers');
    const conversationId = await conversationWith('Here are the papers');
    const files = chat.frame.locator('input[type=file]');
    const pdf = Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF');
    await files.setInputFiles({ name: 'Order 4711.pdf', mimeType: 'application/pdf', buffer: pdf });
    await chat.frame.getByRole('link', { name: /Order 4711\.pdf/ }).waitFor({ timeout: 15_000 });
    // What only says that it is a picture is refused where the bytes are looked at.
    await files.setInputFiles({
      name: 'x.png',
      mimeType: 'image/png',
      buffer: Buffer.from('<svg onload="alert(1)"/>'),
    });
    await chat.frame.getByText(/Not sent\./).waitFor();
    await chat.frame.getByRole('button', { name: 'Remove' }).click();
    // An upload that hangs can be given up.
    await page.route('**/live-chat/*/media', () => undefined);
    await files.setInputFiles({
      name: 'slow.zip',
      mimeType: 'application/zip',
      buffer: Buffer.from('PK\u0005\u0006'.padEnd(30, '\0')),
    });
    await chat.frame.getByRole('progressbar', { name: 'Uploading …' }).waitFor();
    await chat.frame.getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => chat.frame.getByText('slow.zip').count()).toBe(0);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await chat.say('That was all');
    await expect
      .poll(async () => (await team().thread(conversationId)).at(-1)?.text, { timeout: 15_000 })
      .toBe('That was all');
    expect((await team().thread(conversationId)).filter(({ direction }) => direction === 'in')).toHaveLength(
      3,
    );

    const form = new FormData();
    form.set(
      'file',
      new File(['<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'], 'logo.svg', {
        type: 'image/svg+xml',
      }),
    );
    const uploaded = await fetch(`${product.url}/api/media`, {
      method: 'POST',
      headers: { authorization: `Bearer ${product.apiKey}` },
      body: form,
    });
    const { mediaId } = (await uploaded.json()) as { mediaId: string };
    await team().call('POST', `/api/conversations/${conversationId}/messages`, {
      clientMessageId: crypto.randomUUID(),
      parts: [{ kind: 'file', mediaId, mimeType: 'image/svg+xml' }],
    });
    const link = chat.frame.getByRole('link', { name: /logo\.svg/ });
    await link.waitFor({ timeout: 15_000 });
    const response = await fetch(
      new URL((await link.getAttribute('href')) ?? '', `${product.url}/live-chat/${inboxId}/frame`),
    );
    expect(response.headers.get('content-disposition')).toContain('attachment');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
  });

  it('tells both sides who types and who has read', async () => {
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Do you see me?');
    const conversationId = await conversationWith('Do you see me?');
    await team().reply(conversationId, 'I do.');
    await chat.see('I do.');
    await expect.poll(() => statusOf(conversationId, 'I do.'), { timeout: 15_000 }).toBe('read');
    await page.keyboard.press('Escape');
    await team().reply(conversationId, 'Still there?');
    await expect.poll(() => statusOf(conversationId, 'Still there?'), { timeout: 15_000 }).toBe('delivered');
    await chat.open();
    await expect.poll(() => statusOf(conversationId, 'Still there?'), { timeout: 15_000 }).toBe('read');

    const desk = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await desk.goto(`${product.url}/sign-in`);
    await signIn(desk, product, product.adminPassword);
    await desk.waitForURL(/\/w\/[^/]+\//);
    const home = /^.*\/w\/[^/]+/.exec(desk.url())?.[0] ?? '';
    await desk.goto(`${home}/conversations/${conversationId}`);
    await desk.getByText('Still there?').last().waitFor({ timeout: 20_000 });
    // Opening it is reading it.
    await chat.frame.getByText('Seen').waitFor({ timeout: 15_000 });
    await chat.field.pressSequentially('I am wri', { delay: 30 });
    await desk.getByText(/is typing…/).waitFor({ timeout: 10_000 });
    await desk
      .getByRole('textbox', { name: /reply|message/i })
      .first()
      .pressSequentially('So am', { delay: 50 });
    await chat.frame.getByText(/is typing …/).waitFor({ timeout: 10_000 });
    await desk.close();
  });

  it('asks how it was, once it is over', async () => {
    await set({ csat: { enabled: true, scale: 'faces', question: 'How did we do?' } });
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Please help');
    const conversationId = await conversationWith('Please help');
    await team().reply(conversationId, 'Done.');
    await chat.see('Done.');
    await team().call('PATCH', `/api/conversations/${conversationId}`, { status: 'resolved' });
    await chat.frame.getByText('How did we do?').waitFor({ timeout: 15_000 });
    await page.reload();
    await chat.open();
    await chat.frame
      .getByRole('button', { name: 'Great' })
      .or(chat.frame.getByRole('radio', { name: 'Great' }))
      .first()
      .click();
    const send = chat.frame.getByRole('button', { name: 'Send feedback' });
    // Answered with the face; the words may take their time.
    const answers = async () =>
      (await team().call<{ items: object[] }>('GET', `/api/csat?inboxId=${inboxId}`)).items;
    await expect.poll(answers, { timeout: 15_000 }).toMatchObject([{ score: 5, comment: '' }]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await chat.frame.getByRole('textbox', { name: /Anything else/ }).fill('Quick and kind');
    await send.click();
    await expect
      .poll(answers, { timeout: 15_000 })
      .toMatchObject([{ score: 5, comment: 'Quick and kind', conversationId }]);
    await page.reload();
    await chat.open();
    expect(await chat.frame.getByText('How did we do?').count()).toBe(0);
  });

  it('knows whom the website vouches for, on every device, and forgets them when they sign out', async () => {
    const { secret } = await team().call<{ secret: string }>(
      'POST',
      `/api/inboxes/${inboxId}/identity-secrets`,
    );
    const identity = {
      id: 'ann-1',
      hash: createHmac('sha256', secret).update('ann-1').digest('hex'),
      name: 'Ann',
    };
    const identify = (on: Page, who: object) =>
      on.evaluate((given) => {
        const { Teloring } = window as unknown as { Teloring: { identify(who: object): void } };
        Teloring.identify(given);
      }, who);
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Before I signed in');
    await conversationWith('Before I signed in');
    await identify(page, identity);
    await expect.poll(() => chat.count('Before I signed in'), { timeout: 15_000 }).toBe(1);
    await chat.field.waitFor();
    await chat.say('After I signed in');
    const conversationId = await conversationWith('After I signed in');
    expect((await team().thread(conversationId)).map(({ text }) => text)).toEqual([
      'Before I signed in',
      'After I signed in',
    ]);

    const other = await (await browser.newContext()).newPage();
    await other.goto(`${website.origin}/?inbox=${inboxId}`);
    const there = widgetOn(other);
    await there.open();
    await identify(other, { ...identity, hash: 'f'.repeat(64) });
    await there.say('Somebody else');
    await conversationWith('Somebody else');
    expect(await there.count('Before I signed in')).toBe(0);
    await other.evaluate(() => (window as unknown as { Teloring: { logout(): void } }).Teloring.logout());
    await expect.poll(() => there.count('Somebody else'), { timeout: 15_000 }).toBe(0);
    await other.reload();
    await there.open();
    await identify(other, identity);
    await there.see('After I signed in');
    await there.see('Before I signed in');
    expect(await there.count('Somebody else')).toBe(0);
    await other.evaluate(() => (window as unknown as { Teloring: { logout(): void } }).Teloring.logout());
    await other.reload();
    await there.open();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await there.count('After I signed in')).toBe(0);
    await other.context().close();
  });

  it('loses and doubles nothing over a day without a connection, whatever both sides wrote and whatever was restarted', async () => {
    await page.clock.install();
    await visit();
    const chat = widgetOn(page);
    await chat.open();
    await chat.say('Before the day');
    const conversationId = await conversationWith('Before the day');
    await context.setOffline(true);
    const mine = Array.from({ length: 12 }, (_, n) => `offline ${n + 1}`);
    for (const text of mine) await chat.say(text);
    const theirs = Array.from({ length: 60 }, (_, n) => `meanwhile ${n + 1}`);
    for (const text of theirs.slice(0, 30)) await team().reply(conversationId, text);
    await product.kill9All();
    await page.clock.fastForward('24:00:00');
    product = await startProduct({ home: product.home, port: product.port });
    for (const text of theirs.slice(30)) await team().reply(conversationId, text);
    await context.setOffline(false);
    await page.clock.runFor(60_000);
    await page.clock.resume();
    await chat.see('meanwhile 60', 60_000);
    await expect
      .poll(
        async () => {
          await page.clock.runFor(5_000);
          return chat.frame.getByText(/Sending|Waiting for/).count();
        },
        { timeout: 60_000 },
      )
      .toBe(0);
    for (const text of [...mine, ...theirs]) expect(await chat.count(text), text).toBe(1);
    const all: { text: string; direction: string }[] = [];
    let path = `/api/conversations/${conversationId}/messages?limit=100`;
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer: { items: typeof all; nextCursor: string | null } = await team().call('GET', path);
      all.unshift(...answer.items);
      cursor = answer.nextCursor;
      path = `/api/conversations/${conversationId}/messages?limit=100&cursor=${cursor}`;
    }
    expect(all.filter(({ direction }) => direction === 'in').map(({ text }) => text)).toEqual([
      'Before the day',
      ...mine,
    ]);
    expect(all.filter(({ direction }) => direction === 'out').map(({ text }) => text)).toEqual(theirs);
  }, 240_000);
});
