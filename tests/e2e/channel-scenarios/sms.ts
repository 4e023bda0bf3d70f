/** SMS: long texts, STOP and START, statuses that find their message by key. */
import { expect, test } from 'vitest';
import type { ChannelProduct } from '../../support/channel-product.ts';
import { eventually } from '../../support/eventually.ts';
import { beginTalk, channels, textSent } from '../other-channels.ts';
import { activities } from './shared.ts';

export function smsScenarios(product: () => ChannelProduct): void {
  test('a long text goes in messages of what Twilio takes, in order, with nothing lost', async () => {
    const { inbox, thread } = await beginTalk(product(), channels.sms);
    const words = Array.from({ length: 700 }, (_, at) => `word${at}`);
    const { id } = await thread.reply(words.join(' '));
    await thread.has(id, 'delivered');
    const ours = await thread.all('all delivered', (messages) =>
      messages.slice(1).every(({ status }) => status === 'delivered'),
    );
    const sent = (await inbox.phone.sent()).map(textSent);
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.every(({ length }) => length <= 1600)).toBe(true);
    expect(sent.join(' ').split(/\s+/)).toEqual(words);
    expect(ours).toHaveLength(1 + sent.length);
  });

  test('STOP: the customer is marked, Twilio refuses; START: they are reached again', async () => {
    const { inbox, thread, chatId } = await beginTalk(product(), channels.sms);
    await inbox.phone.write({ chatId, text: 'STOP' });
    await eventually('the activity', async () =>
      (await activities(product(), thread)).includes('contact_blocked'),
    );
    const lost = await thread.reply('Please stay');
    expect((await thread.has(lost.id, 'failed')).error).toMatchObject({
      kind: 'contact_unreachable',
      providerCode: '21610',
    });
    await inbox.phone.write({ chatId, text: 'START' });
    await eventually('the activity', async () =>
      (await activities(product(), thread)).includes('contact_unblocked'),
    );
    const heard = await thread.reply('Welcome back');
    await thread.has(heard.id, 'delivered');
    expect((await inbox.phone.sent()).map(textSent)).toEqual(['Welcome back']);
    // Both words are the customer's messages too, each once.
    expect((await thread.messages()).map(({ text }) => text)).toEqual([
      'Hello there',
      'STOP',
      'Please stay',
      'START',
      'Welcome back',
    ]);
  });

  test('no answer: unknown, never sent again; its status finds it by key', async () => {
    const { inbox, thread, chatId } = await beginTalk(product(), channels.sms);
    await inbox.phone.delivery({ statuses: false });
    await inbox.phone.fault({ kind: 'no_answer', times: 1 });
    const { id } = await thread.reply('Once');
    const unknown = await thread.has(id, 'unknown');
    expect(unknown.providerMessageId).toBeNull();
    await inbox.phone.act({ kind: 'status', chatId, status: 'delivered' });
    const found = await thread.has(id, 'delivered');
    const sent = await inbox.phone.sent();
    expect(sent.map(textSent)).toEqual(['Once']);
    expect(found.providerMessageId).toBe(sent[0]?.providerMessageId);
  });

  test('an answer that can’t be delivered after all', async () => {
    const { inbox, thread, chatId } = await beginTalk(product(), channels.sms);
    await inbox.phone.delivery({ statuses: false });
    const { id } = await thread.reply('Hello?');
    await thread.has(id, 'sent');
    await inbox.phone.act({ kind: 'status', chatId, status: 'failed' });
    expect((await thread.has(id, 'failed')).error).toMatchObject({ providerCode: '30003' });
  });
}
