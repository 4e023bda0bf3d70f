/** Channels as agents and admins meet them, each at the double of its provider. */
import type { ChannelType } from '#domain/channel.ts';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import { browserIsMissing } from '../support/browser.ts';
import {
  conversationParts,
  gone,
  see,
  startStudio,
  UI_TIMEOUT_MS,
  type Studio,
  type Visit,
} from '../support/studio.ts';
import { createTeam } from '../support/widget.ts';

interface Written {
  chatId: string;
  messageId: string;
}
interface PhoneMessage {
  id: string;
  from: string;
  text: string;
  hidden?: boolean;
  replyTo?: string;
}
interface Conversation {
  id: string;
  contact: { name: string | null; externalId: string };
}
interface Phone {
  chats: { id: string; kind: string; title: string; messages: PhoneMessage[] }[];
}

describe.skipIf(browserIsMissing())('channels in a browser', () => {
  let studio: Studio;
  let visit: Visit;
  let page: Page;
  let accountNo = 0;

  beforeAll(async () => {
    studio = await startStudio();
  }, 300_000);
  afterAll(() => studio?.close(), 60_000);
  beforeEach(async () => {
    visit = await studio.visit(studio.signedIn);
    page = visit.page;
  });
  afterEach(async () => {
    await visit?.close();
    expect(visit.faults).toEqual([]);
  });

  const { row, log, composer, button } = conversationParts(() => page);
  const call = <Body>(method: string, path: string, body?: unknown) =>
    createTeam(studio.product).call<Body>(method, path, body);
  async function connect(type: ChannelType): Promise<string> {
    const digits = String(510_000_000_000 + accountNo++);
    const credentials = definitions[type].sandboxCredentials?.(digits);
    const body = { type, name: `${definitions[type].title} shop`, sandbox: true, credentials };
    return (await call<{ id: string }>('POST', '/api/inboxes', body)).id;
  }
  const write = (inboxId: string, input: object) =>
    call<Written>('POST', `/sandbox/api/${inboxId}/messages`, { chatId: '', ...input });
  const act = (inboxId: string, input: object) => call('POST', `/sandbox/api/${inboxId}/acts`, input);
  const onPhone = async (inboxId: string): Promise<PhoneMessage[]> =>
    (await call<Phone>('GET', `/sandbox/api/${inboxId}/phone`)).chats.flatMap(({ messages }) => messages);
  const arrives = (inboxId: string, text: string) =>
    expect
      .poll(async () => (await onPhone(inboxId)).find((message) => message.text.includes(text)), {
        timeout: UI_TIMEOUT_MS,
      })
      .toMatchObject({ from: 'business' });
  async function conversationOf(inboxId: string): Promise<{ id: string; name: string }> {
    const read = async () =>
      (await call<{ items: Conversation[] }>('GET', `/api/conversations?inboxId=${inboxId}`)).items[0];
    await expect.poll(read, { timeout: UI_TIMEOUT_MS }).toBeDefined();
    const found = await read();
    return { id: found?.id ?? '', name: found?.contact.name ?? found?.contact.externalId ?? '' };
  }
  async function openConversation(name: string): Promise<void> {
    await page.goto(`${studio.home}/conversations`);
    await row(name).click();
    await see(page.getByRole('heading', { name, level: 1 }));
  }
  const message = (text: string) => log().locator('.message').filter({ hasText: text });
  async function choose(text: string, item: string): Promise<void> {
    const chosen = message(text).first();
    await chosen.hover();
    await chosen.getByRole('button', { name: 'Message actions' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  }

  it('closes the composer with the window, lets a template through, and opens when the customer writes', async () => {
    const inboxId = await connect('whatsapp');
    // The shop's own app wrote first: the customer never has.
    const { chatId } = await write(inboxId, { text: 'Your order is here.', fromOwnApp: true });
    const { id, name } = await conversationOf(inboxId);
    await page.goto(`${studio.home}/conversations/${id}`);
    await see(row(name).getByText('Message window closed'));
    await see(row(name).getByText('Sandbox', { exact: true }));
    await see(log().getByText('Sent from WhatsApp’s own app'));
    await see(composer().getByText('closed until the customer writes'));
    await see(composer().getByText('WhatsApp only lets us answer, and this customer hasn’t written yet.'));
    expect(await composer().getByRole('textbox').count()).toBe(0);
    expect(await composer().getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);

    await composer().getByRole('button', { name: 'Template' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send a template' });
    await dialog.getByLabel('Template name').fill('order_update');
    await dialog.getByLabel('Language').fill('de');
    for (const [place, value] of ['Ada', '4711'].entries()) {
      await dialog.getByRole('button', { name: 'Add a value' }).click();
      await dialog.getByLabel(`Value for {{${place + 1}}}`).fill(value);
    }
    await dialog.getByRole('button', { name: 'Send template' }).click();
    await gone(dialog);
    await see(message('order_update').getByText('Template in de'));
    await see(message('order_update').getByTitle(/^Delivered\nSent .*\nDelivered /));
    await arrives(inboxId, 'Bestellung');

    await write(inboxId, { chatId, text: 'Thank you!' });
    await see(composer().getByRole('textbox'));
    await see(composer().getByText(/closes in (23 h|1 d)/));
    await gone(row(name).getByText('Message window closed'));
  });

  it('quotes a message both ways, and shows the customer’s reaction on its message', async () => {
    const name = 'Ben Carter';
    const inboxId = await connect('whatsapp');
    const { chatId } = await write(inboxId, { personName: name, text: 'Is the blue one left?' });
    await openConversation(name);
    await choose('Is the blue one left?', 'Reply to this message');
    await see(composer().getByText('Answers', { exact: true }));
    await composer().getByRole('textbox').fill('Two of them.');
    await page.keyboard.press('ControlOrMeta+Enter');
    await see(message('Two of them.').getByRole('button', { name: /Answers.*Is the blue one left\?/ }));
    await arrives(inboxId, 'Two of them.');
    const phone = await onPhone(inboxId);
    const [question, answer] = [phone[0]?.id, phone.find(({ text }) => text === 'Two of them.')];
    expect(answer?.replyTo).toBe(question);

    await act(inboxId, { kind: 'react', chatId, messageId: answer?.id, emoji: '👍' });
    const reactions = message('Two of them.').last().getByRole('list', { name: 'Reactions' });
    await see(reactions.getByText(`👍 by ${name}`));
    expect(await log().getByText('Reaction 👍').count()).toBe(0);
    await act(inboxId, { kind: 'react', chatId, messageId: answer?.id, emoji: '' });
    await gone(reactions);
  });

  it('answers a comment privately, once, and hides and deletes it at the provider', async () => {
    const name = 'Mia Chen';
    const inboxId = await connect('facebook_page');
    await act(inboxId, { kind: 'post', text: 'Our autumn menu' });
    const [post] = (await call<Phone>('GET', `/sandbox/api/${inboxId}/phone`)).chats;
    await write(inboxId, { chatId: post?.id, personName: name, text: 'How much is the cake?' });
    await openConversation(name);
    await see(message('How much is the cake?').getByRole('link', { name: 'See it there' }));
    await composer().getByRole('radio', { name: 'Private reply' }).click();
    await see(composer().getByText('Answers privately'));
    await composer().getByRole('textbox').fill('It is 12 euros for you.');
    await composer().getByRole('button', { name: 'Send privately' }).click();
    await see(message('It is 12 euros for you.').getByText('Private reply'));
    await arrives(inboxId, 'It is 12 euros for you.');

    await composer().getByRole('radio', { name: 'Private reply' }).click();
    await see(composer().getByText(/was answered privately before/));
    expect(await composer().getByRole('textbox').count()).toBe(0);
    await composer().getByRole('radio', { name: 'Public reply' }).click();
    await composer().getByRole('textbox').fill('We wrote to you!');
    await page.keyboard.press('ControlOrMeta+Enter');
    await arrives(inboxId, 'We wrote to you!');

    const comment = async () =>
      (await onPhone(inboxId)).find(({ text }) => text.includes('How much is the cake?'));
    await choose('How much is the cake?', 'Hide comment');
    await see(message('How much is the cake?').first().getByText('Hidden', { exact: true }));
    expect(await comment()).toMatchObject({ hidden: true });
    await choose('How much is the cake?', 'Delete comment…');
    await page
      .getByRole('dialog', { name: 'Delete this comment?' })
      .getByRole('button', { name: 'Delete comment' })
      .click();
    await see(log().getByText('Deleted by us'));
  });

  it('adds a WhatsApp sandbox through My Ring, and talks to it from the customer’s phone', async () => {
    await page.goto(`${studio.home}/ring`);
    await button('Add channel').click();
    await page.getByRole('menuitem', { name: 'WhatsApp' }).click();
    const sheet = page.getByRole('dialog', { name: 'WhatsApp' });
    await sheet.getByLabel('Inbox name').fill('Shop number');
    expect(await sheet.getByLabel('Access token').getAttribute('type')).toBe('password');
    // Refused in the provider's words, and nothing is kept.
    const token = await sheet.getByLabel('Access token').inputValue();
    await sheet.getByLabel('Access token').fill(`${token}-expired`);
    await sheet.getByRole('button', { name: 'Connect' }).click();
    await see(sheet.getByRole('alert').getByText('Session has expired'));
    // The browser itself notes the refusal that this is about, and only that.
    await expect.poll(() => visit.faults.length, { timeout: UI_TIMEOUT_MS }).toBe(1);
    expect(visit.faults.pop()).toMatch(/422.*\/api\/inboxes/);
    await sheet.getByLabel('Access token').fill(token);
    await sheet.getByRole('button', { name: 'Connect' }).click();
    await see(sheet.getByText('“Shop number” is connected'));
    await sheet.getByRole('link', { name: 'Open the customer’s phone' }).click();
    await page.waitForURL(/\/sandbox\?inbox=/);
    const inboxId = new URL(page.url()).searchParams.get('inbox') ?? '';

    const phone = page.getByRole('region', { name: 'The customer’s phone' });
    await phone.getByRole('textbox', { name: 'Message' }).fill('Do you open on Sunday?');
    await page.keyboard.press('Enter');
    await see(phone.getByText('Do you open on Sunday?'));
    const name = (await call<Phone>('GET', `/sandbox/api/${inboxId}/phone`)).chats[0]?.title ?? '';
    await openConversation(name);
    await see(log().getByText('Do you open on Sunday?'));
    await composer().getByRole('textbox').fill('From ten to four.');
    await page.keyboard.press('ControlOrMeta+Enter');
    await see(message('From ten to four.').getByTitle(/^Delivered/));
    // The short address finds its workspace.
    await page.goto(`${studio.product.url}/sandbox`);
    await page.waitForURL(`${studio.home}/sandbox`);
    await page.goto(`${studio.home}/sandbox?inbox=${inboxId}`);
    await see(phone.getByText('From ten to four.'));
  });
});
