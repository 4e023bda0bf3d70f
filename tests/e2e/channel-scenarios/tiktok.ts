/** TikTok: ten messages in 48 hours, echoes, read marks. */
import { expect, test } from 'vitest';
import type { Thread } from '../../support/channel-inbox.ts';
import type { ChannelProduct } from '../../support/channel-product.ts';
import { eventually } from '../../support/eventually.ts';
import { beginTalk, channels, textSent } from '../other-channels.ts';
import { acknowledged, says, readAll } from './shared.ts';

export function tiktokScenarios(product: () => ChannelProduct): void {
  const refusal = {
    status: 422,
    body: { error: { code: 'window_closed', message: expect.stringContaining('Nothing was sent') } },
  };
  const write = (thread: Thread, text: string) =>
    product().ask('POST', `/api/conversations/${thread.id}/messages`, {
      clientMessageId: crypto.randomUUID(),
      text,
    });

  test('ten messages for each of the customer’s, counted down; the eleventh is refused until they write', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product(), channels.tiktok);
    expect((await thread.read()).window).toMatchObject({ open: true, remaining: 10 });
    for (let no = 1; no <= 10; no += 1) {
      await thread.has((await thread.reply(`No ${no}`)).id, ...acknowledged);
      await thread.becomes(`${10 - no} left`, ({ window }) => window.remaining === 10 - no);
    }
    expect((await thread.read()).window).toMatchObject({ open: false, remaining: 0 });
    expect(await write(thread, 'No 11')).toMatchObject(refusal);
    await inbox.phone.write({ chatId, personName: name, text: 'Slowly' });
    await thread.becomes('open again', ({ window }) => window.open && window.remaining === 10);
    await thread.has((await thread.reply('Yes')).id, ...acknowledged);
    expect(await inbox.phone.sent()).toHaveLength(11);
  });

  test('48 hours after the customer’s last message it is closed', async () => {
    const { inbox, thread } = await beginTalk(product(), channels.tiktok);
    const { closesAt } = (await thread.read()).window;
    const lastAt = (await thread.messages())[0]?.createdAt ?? '';
    expect(Math.abs(Date.parse(closesAt ?? '') - Date.parse(lastAt) - 48 * 3_600_000)).toBeLessThan(5_000);
    await product().database.query(
      `update conversations set last_in_at = last_in_at - interval '48 hours' where id = $1`,
      [thread.id],
    );
    await thread.becomes('closed', ({ window }) => !window.open);
    expect(await write(thread, 'Too late')).toMatchObject(refusal);
    expect(await inbox.phone.sent()).toEqual([]);
  });

  test('TikTok’s own refusal of a closed window is a failed message, in its words', async () => {
    const { inbox, thread } = await beginTalk(product(), channels.tiktok);
    await inbox.phone.fault({ kind: 'window_closed', times: 1 });
    const { id } = await thread.reply('Now?');
    expect((await thread.has(id, 'failed')).error).toMatchObject({
      kind: 'window_closed',
      message: expect.stringContaining('messaging window is closed'),
      providerCode: '40064',
    });
  });

  test('no answer: the echo says that it was sent; it is not sent again, nor shown twice', async () => {
    const { inbox, thread } = await beginTalk(product(), channels.tiktok);
    await inbox.phone.fault({ kind: 'no_answer', times: 1 });
    const { id } = await thread.reply('Once');
    const found = await thread.has(id, 'sent', 'read');
    const sent = await inbox.phone.sent();
    expect(sent.map(textSent)).toEqual(['Once']);
    expect(found.providerMessageId).toBe(sent[0]?.providerMessageId);
    expect(await thread.messages()).toHaveLength(2);
  });

  test('what a person writes in TikTok’s own app is an agent’s, and the flow keeps silent; reactions', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product(), channels.tiktok);
    await inbox.phone.write({ chatId, text: 'I take over', fromOwnApp: true });
    const own = await thread.message('the person’s words', says('I take over'));
    expect(own).toMatchObject({ direction: 'out', author: { kind: 'agent' }, status: 'sent' });
    await thread.becomes('a person’s', ({ owner }) => owner === 'human');
    const { messageId } = await inbox.phone.write({ chatId, personName: name, text: 'menu' });
    await inbox.holding(messageId);
    await inbox.phone.act({ kind: 'react', chatId, messageId: own.providerMessageId ?? '', emoji: '❤️' });
    await thread.message('the reaction', ({ reactions }) => reactions[0]?.emoji === '❤️');
    expect(await inbox.phone.sent()).toEqual([]);
  });

  test('what an agent has read is marked read at the customer’s', async () => {
    const { inbox, thread, chatId } = await beginTalk(product(), channels.tiktok);
    await readAll(product(), thread);
    await eventually(
      'the mark',
      async () => JSON.stringify((await inbox.phone.facts())['markedRead']) === JSON.stringify([chatId]),
    );
  });
}
