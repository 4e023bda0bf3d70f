import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { signBody } from '#channels/hmac.ts';
import { browserIsMissing } from '../support/browser.ts';
import { startCallbackReceiver, type CallbackReceiver } from '../support/callback-receiver.ts';
import type { Product } from '../support/product.ts';
import {
  conversationParts,
  gone,
  see,
  signIn,
  startStudio,
  UI_TIMEOUT_MS as timeoutMs,
  type Studio,
  type Visit,
} from '../support/studio.ts';
import { createTeam } from '../support/widget.ts';

const question = 'good to hear from you! What can we do for you?';

describe.skipIf(browserIsMissing())('the studio in a browser', () => {
  let studio: Studio;
  let product: Product;
  let receiver: CallbackReceiver;
  let demo: { inboxId: string; secret: string; receiverPort: number };
  let home: string;
  let visit: Visit;
  let page: Page;

  beforeAll(async () => {
    studio = await startStudio();
    ({ product, home } = studio);
    demo = JSON.parse(await readFile(path.join(product.home, 'demo-inbox.json'), 'utf8')) as typeof demo;
    receiver = await startCallbackReceiver(demo.receiverPort);
  }, 300_000);
  afterAll(async () => {
    await receiver?.close();
    await studio?.close();
  }, 60_000);

  beforeEach(() => open(studio.signedIn));
  afterEach(async () => {
    await visit?.close();
    expect(visit.faults).toEqual([]);
  });

  async function open(as?: Studio['signedIn']): Promise<void> {
    await visit?.close();
    visit = await studio.visit(as);
    page = visit.page;
  }

  const team = () => createTeam(product);
  /** A message to the seeded API inbox, signed as a developer's server does. */
  async function say(name: string, text: string): Promise<void> {
    const body = JSON.stringify({ id: crypto.randomUUID(), from: { id: contactId(name), name }, text });
    const answer = await fetch(`${product.url}/webhooks/api/${demo.inboxId}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-teloring-signature': signBody(demo.secret, body, Date.now()),
      },
      body,
    });
    expect(answer.status).toBe(202);
  }
  const contactId = (name: string): string => name.toLowerCase().replace(' ', '-');
  const repliesTo = (name: string): string[] =>
    receiver.deliveries
      .filter(({ body }) => body.to.id === contactId(name))
      .map(({ body }) => body.message.text);
  const received = (name: string, text: string) =>
    expect
      .poll(() => repliesTo(name).filter((reply) => reply.includes(text)), { timeout: timeoutMs })
      .toHaveLength(1);
  /** Says hello and waits for the bot's question to have gone out. */
  async function begin(name: string): Promise<void> {
    await say(name, 'Good morning');
    await received(name, question);
  }

  const { list, row, log, details, composer, button } = conversationParts(() => page);
  const goTo = (area: string) =>
    page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: area }).click();
  async function openConversation(name: string): Promise<void> {
    await page.goto(`${home}/conversations`);
    await row(name).click();
    await see(page.getByRole('heading', { name, level: 1 }));
  }
  async function choose(within: Locator, property: string, option: string | RegExp): Promise<void> {
    await within.getByRole('combobox', { name: new RegExp(`^${property}: `) }).click();
    await page.getByRole('option', { name: option }).click();
  }
  /** The screen is ahead of the server; a reload needs the server to have it. */
  async function saved(change: Promise<void>, part = ''): Promise<void> {
    await Promise.all([
      page.waitForResponse(
        (response) =>
          response.request().method() === 'PATCH' &&
          response.ok() &&
          Boolean(response.request().postData()?.includes(part)),
      ),
      change,
    ]);
  }
  /** Holds the next request of this method back for a moment, so that what is asked after it would overtake it. */
  async function slowDownFirst(method: string, url: string): Promise<void> {
    let isFirst = true;
    await page.route(url, async (route) => {
      const isHeld = isFirst && route.request().method() === method;
      if (isHeld) {
        isFirst = false;
        await new Promise((resolve) => setTimeout(resolve, 700));
      }
      await route.continue();
    });
  }
  const isSetTo = (property: string, value: string): Locator =>
    details().getByRole('combobox', { name: new RegExp(`^${property}: ${value}`) });

  it('refuses a wrong password in words, lets the printed login in, and signs out', async () => {
    const loginFile = /^Login and keys: (.+)$/m.exec(product.output())?.[1] ?? '';
    const login = await readFile(loginFile, 'utf8');
    expect(login).toContain(product.adminEmail);
    expect(login).toContain(product.adminPassword);
    await open();
    await page.goto(`${home}/runs`);
    await page.waitForURL(/\/sign-in\?next=/);
    await signIn(page, product, 'not the password');
    await see(page.getByText('Email and password don’t fit together. Check both and try again.'));
    expect(await page.getByLabel('Password').getAttribute('aria-invalid')).toBe('true');
    // The browser itself notes the refusal that this is about, and only that.
    await expect.poll(() => visit.faults.length, { timeout: timeoutMs }).toBe(1);
    expect(visit.faults.pop()).toMatch(/401.*\/api\/auth\/sign-in/);

    await signIn(page, product, product.adminPassword);
    await page.waitForURL(`${home}/runs`);
    await see(page.getByRole('navigation', { name: 'Main' }));

    await button('You and appearance').click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL(/\/sign-in$/);
    await see(button('Sign in'));
    await page.goto(`${home}/conversations`);
    await page.waitForURL(/\/sign-in\?next=/);
  });

  it('shows a message the moment it comes in, and lets a person take over and give back', async () => {
    const name = 'Ada Lovelace';
    await page.goto(`${home}/conversations`);
    await see(list().getByText('All answered').or(list().getByRole('listitem').first()));
    expect(await row(name).count()).toBe(0);
    const before = visit.loads();
    await say(name, 'Where is my parcel?');
    await row(name).click();
    await see(log().getByText('Where is my parcel?', { exact: true }));
    await see(log().getByText(question));
    await see(composer().getByText('Bot is handling this.'));

    await composer().getByRole('button', { name: 'Take over' }).click();
    await gone(composer().getByText('Bot is handling this.'));
    await see(button('Give back to the bot'));
    await see(log().getByText('took over from the bot'));

    const replies = ['It is on its way, Ada.', 'You should have it by Thursday.'];
    await slowDownFirst('POST', '**/api/conversations/*/messages');
    for (const reply of replies) {
      await composer().getByRole('textbox').fill(reply);
      await page.keyboard.press('ControlOrMeta+Enter');
      expect(await composer().getByRole('textbox').inputValue()).toBe('');
    }
    // The mark stands under the last of a group.
    await see(
      log()
        .locator('.message')
        .filter({ hasText: replies[1] ?? '' })
        .getByTitle('Sent'),
    );
    for (const reply of replies) await received(name, reply);

    await button('Give back to the bot').click();
    await see(composer().getByText('Bot is handling this.'));
    await say(name, 'Sales');
    await see(log().getByText('Which email address may our sales team write to?'));
    await received(name, 'Which email address');
    expect(repliesTo(name).filter((text) => replies.includes(text))).toEqual(replies);
    for (const reply of replies) expect(await log().getByText(reply, { exact: true }).count()).toBe(1);
    expect(visit.loads()).toBe(before);
  });

  it('assigns, labels, prioritizes, connects a customer, resolves and reopens; a reload shows the same', async () => {
    const name = 'Grace Hopper';
    await begin(name);
    await openConversation(name);
    await saved(choose(details(), 'Assignee', /\(you\)/));
    await see(isSetTo('Assignee', '.*\\(you\\)'));
    await saved(choose(details(), 'Priority', 'Urgent'));
    await see(isSetTo('Priority', 'Urgent'));
    await slowDownFirst('PATCH', '**/api/conversations/*');
    await button('Change labels').click();
    await page.getByRole('option', { name: 'feedback' }).click();
    await saved(page.getByRole('option', { name: 'vip' }).click(), 'vip');
    await page.keyboard.press('Escape');
    await gone(page.getByRole('option', { name: 'vip' }));
    await see(details().getByText('vip', { exact: true }));
    await saved(button('New customer').click());
    await see(details().getByRole('link', { name }));
    await saved(button('Resolve').click());
    await see(button('Reopen'));
    await gone(row(name));

    await page.reload();
    await see(isSetTo('Assignee', '.*\\(you\\)'));
    await see(isSetTo('Priority', 'Urgent'));
    await see(isSetTo('Status', 'Resolved'));
    await see(details().getByText('vip', { exact: true }));
    await see(details().getByText('feedback', { exact: true }));
    await details().getByRole('link', { name }).click();
    await see(page.getByRole('heading', { name, level: 1 }));
    expect(page.url()).toContain('/customers/');

    await page.goto(`${home}/conversations?label=vip`);
    await see(list().getByText('Nothing here matches'));
    await choose(list().getByRole('search'), 'Status', 'Resolved');
    await row(name).click();
    expect(new URL(page.url()).search).toBe('?label=vip&status=resolved');
    await see(row(name).getByText('Urgent priority'));
    await saved(button('Reopen').click());
    await see(button('Resolve'));
    await gone(row(name));
    await page.goto(`${home}/conversations?label=vip&priority=urgent&assignee=me`);
    await see(row(name));
    await page.goto(`${home}/conversations?label=sales&priority=urgent`);
    await see(list().getByText('Nothing here matches'));
  });

  it('draws the seeded flow: a node for each step, a labelled handle for each exit, a line for each way', async () => {
    await page.goto(home + '/studio');
    await page.getByRole('link', { name: 'Welcome and triage' }).click();
    await see(page.getByRole('heading', { name: 'Welcome and triage', level: 1 }));
    const flowId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const { draft } = await team().call<{ draft: FlowDefinition }>('GET', `/api/flows/${flowId}`);
    const steps = Object.entries(draft.steps);
    const canvas = page.getByRole('group', { name: /The flow’s steps/ });
    const node = (id: string) => canvas.locator(`.svelte-flow__node[data-id="${id}"]`);
    await see(node('welcome'));
    expect(steps.length).toBeGreaterThan(10);
    expect(await canvas.locator('.svelte-flow__node').count()).toBe(steps.length + 1);
    let ways = 1;
    for (const [id, step] of steps) {
      for (const [exit, to] of Object.entries(step.exits)) {
        const label = node(id)
          .getByRole('listitem')
          .filter({ hasText: exit.replaceAll('_', ' ') });
        expect(await label.locator(`[data-handleid="${exit}"]`).count(), `${id}, ${exit}`).toBe(1);
        if (to !== null) ways++;
      }
    }
    await expect.poll(() => canvas.locator('.svelte-flow__edge').count(), { timeout: timeoutMs }).toBe(ways);
    await see(node('welcome').getByText('taken over'));

    await page.getByRole('link', { name: 'Steps', exact: true }).click();
    for (const [id] of steps) await see(page.getByRole('main').getByText(id, { exact: true }).first());
  });

  it('opens the run of a conversation: what its steps took in and gave out, what it waits for, and its end', async () => {
    const name = 'Mateo García';
    await begin(name);
    await say(name, 'Support');
    await received(name, 'Please describe what happened.');
    await openConversation(name);
    await details().getByRole('link', { name: 'All runs of this conversation' }).click();
    await page.getByRole('link', { name: /Waiting.*Welcome and triage/ }).click();
    await see(page.getByRole('heading', { name: /Welcome and triage/, level: 1 }));
    const main = page.getByRole('main');
    await see(main.getByText('waiting for a reply'));
    await see(main.getByText('The contact: it goes on with their answer, or when the time is over.'));
    await see(main.getByText('the answer was “Support”'));

    const views = page.getByRole('navigation', { name: 'Views of this run' });
    await views.getByRole('link', { name: 'Steps' }).click();
    const step = (id: string) =>
      main
        .getByRole('listitem')
        .filter({ has: page.locator('summary') })
        .filter({ hasText: id });
    await step('welcome').locator('summary').click();
    await see(step('welcome').getByLabel('Input').getByText('What can we do for you?'));
    await see(step('welcome').getByLabel('Output').getByText('Support'));
    await see(step('describe').getByText('Here now'));

    const before = visit.loads();
    await say(name, 'A leg is broken.');
    await see(step('to_support').first());
    await see(main.getByText('Completed', { exact: true }));
    await see(main.getByText('Nobody. It has ended.'));
    expect(visit.loads()).toBe(before);
    await views.getByRole('link', { name: 'Events' }).click();
    await see(main.getByText(/workflow.?execution.?started/i).first());
  });

  it('lets an invited agent join by the link and keeps what admins do out of their way', async () => {
    const email = 'noor@example.com';
    const { link } = await team().call<{ link: string }>('POST', '/api/invitations', {
      email,
      role: 'agent',
    });
    await open();
    await page.goto(link);
    expect(await page.getByLabel('Email').inputValue()).toBe(email);
    await page.getByLabel('Your name').fill('Noor de Vries');
    await page.getByLabel('Choose a password').fill('correct horse battery');
    await page.getByRole('button', { name: /^Join / }).click();
    await page.waitForURL(/\/w\/[^/]+\/conversations/);

    await goTo('Settings');
    const settings = page.getByRole('navigation', { name: 'Settings' });
    await see(settings.getByRole('link', { name: 'Members' }));
    for (const admins of ['API keys', 'Audit log'])
      expect(await settings.getByRole('link', { name: admins }).count()).toBe(0);
    await settings.getByRole('link', { name: 'Members' }).click();
    await see(page.getByText('Noor de Vries (you)'));
    await see(page.getByText('Only admins can invite.'));
    expect(
      await page
        .getByRole('button', { name: /Invite|Remove/ })
        .or(page.getByRole('combobox', { name: /^Role of/ }))
        .count(),
    ).toBe(0);
    await page.goto(`${home}/settings/api-keys`);
    await see(page.getByText('Your role doesn’t open this page'));
    expect((await page.request.get('/api/api-keys')).status()).toBe(403);
  });

  it('opens the palette by keyboard, and goes to pages and people from it', async () => {
    const name = 'Lena Fischer';
    await begin(name);
    await page.goto(`${home}/conversations`);
    await see(row(name));
    const palette = page.getByRole('dialog', { name: 'Search and commands' });
    const chosen = palette.getByRole('option', { selected: true });
    for (const [chord, words, option, to] of [
      ['Control+k', 'customers', 'Go to Customers', /\/customers$/],
      ['Meta+k', 'studio', 'Go to Studio', /\/studio$/],
      ['Control+k', 'Lena', name, /\/conversations\/[^/]+$/],
    ] as const) {
      await page.keyboard.press(chord);
      await see(palette.locator('input:focus'));
      await page.keyboard.type(words);
      await see(chosen.filter({ hasText: option }));
      await page.keyboard.press('Enter');
      await page.waitForURL(to);
      await gone(palette);
    }
    await see(log().getByText(question));
    await page.keyboard.press('Control+k');
    await see(palette);
    await page.keyboard.press('Escape');
    await gone(palette);
  });
});
