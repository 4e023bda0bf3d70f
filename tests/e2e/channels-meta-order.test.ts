/** Meta's five channels end to end, when webhooks come twice, late, in the wrong order, or instead of the send's answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import { menuFlow, startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { png } from '../support/picture.ts';
import { beginTalk, five, isDirect, named } from './meta-channels.ts';

let product: ChannelProduct;

beforeAll(async () => {
  product = await startChannelProduct();
  await product.publish(menuFlow(await product.upload(png(1), 'menu.png', 'image/png')));
}, 240_000);
afterAll(() => product?.close(), 120_000);

describe.each(named(five))('%s', (_name, channel) => {
  const reports = definitions[channel.type].reports;

  test('every webhook three times: one message each, one answer, one status line', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product, channel);
    await inbox.phone.delivery({ copies: 3 });
    await inbox.phone.write({ chatId, personName: name, text: 'menu' });
    const question = await inbox.phone.sees(chatId, ({ text }) => text.includes('What would you like?'));
    await inbox.phone.write({ chatId, personName: name, text: 'soup' });
    await inbox.phone.sees(chatId, ({ text }) => text === 'You wrote: soup');
    await inbox.phone.delivery({ copies: 1 });
    const { id } = await thread.reply('Enjoy');
    await thread.has(id, 'sent', 'delivered');
    // What came after all the copies has arrived, so they have too.
    const last = await inbox.phone.write({ chatId, personName: name, text: 'Thank you' });
    const all = await thread.all('the last word', (messages) =>
      messages.some(({ providerMessageId }) => providerMessageId?.includes(last.messageId)),
    );
    expect(all.map(({ direction, text }) => (direction === 'in' ? text : '–'))).toEqual([
      'Hello there',
      'menu',
      '–',
      'soup',
      '–',
      '–',
      '–',
      '–',
      'Thank you',
    ]);
    expect(await inbox.phone.sent()).toHaveLength(5);
    expect((await inbox.phone.sent())[0]?.providerMessageId).toBe(question.id);
    expect(await inbox.conversations()).toHaveLength(1);
  });

  test('webhooks held back and released in reverse: all there, once each', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product, channel);
    await inbox.phone.delivery({ held: true });
    const places = [];
    for (const text of ['One', 'Two', 'Three', 'Four'])
      places.push(await inbox.phone.write({ chatId, personName: name, text }));
    await inbox.phone.release();
    const all = await thread.all('all four', ({ length }) => length >= 5);
    expect(all.map(({ text }) => text).toSorted()).toEqual(['Four', 'Hello there', 'One', 'Three', 'Two']);
    expect(await inbox.conversations()).toHaveLength(1);
    for (const { messageId } of places)
      expect(all.filter((each) => each.providerMessageId?.includes(messageId))).toHaveLength(1);
  });

  test('statuses in the wrong order take nothing back; an echo of our own is no second message', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product, channel);
    await inbox.phone.delivery({ held: true });
    const { id } = await thread.reply('Can you read this?');
    await thread.has(id, 'sent');
    if (reports.read) await inbox.phone.act({ kind: 'status', chatId, status: 'read' });
    // Reverse: what was read is told first, then delivered, sent, and the echo.
    await inbox.phone.release();
    const expected = reports.read ? 'read' : 'sent';
    const settled = await thread.has(id, expected);
    if (reports.read) expect(settled.readAt).not.toBeNull();
    const last = await inbox.phone.write({ chatId, personName: name, text: 'Yes' });
    const all = await thread.all('the last word', (messages) =>
      messages.some(({ providerMessageId }) => providerMessageId?.includes(last.messageId)),
    );
    expect(all.map(({ text, status }) => [text, status])).toEqual([
      ['Hello there', 'received'],
      ['Can you read this?', expected],
      ['Yes', 'received'],
    ]);
  });

  test('no answer to a send that the provider took: its status or echo settles it, and it isn’t repeated', async () => {
    const { inbox, thread } = await beginTalk(product, channel);
    await inbox.phone.fault({ kind: 'no_answer', times: 1 });
    const { id } = await thread.reply('Are you there?');
    const settled = await thread.has(id, 'sent', 'delivered', 'read');
    expect(settled.error).toBeUndefined();
    const sent = await inbox.phone.sent();
    expect(sent).toHaveLength(1);
    expect(settled.providerMessageId).toContain(sent[0]?.providerMessageId);
    const next = await thread.reply('Good');
    await thread.has(next.id, 'sent', 'delivered');
    expect((await thread.messages()).map(({ text }) => text)).toEqual([
      'Hello there',
      'Are you there?',
      'Good',
    ]);
    expect(await inbox.phone.sent()).toHaveLength(2);
  });

  test('no answer and no webhook: unknown, said so, never repeated; what comes later settles it', async () => {
    const { inbox, thread } = await beginTalk(product, channel);
    await inbox.phone.delivery({ held: true });
    await inbox.phone.fault({ kind: 'no_answer', times: 1 });
    const { id } = await thread.reply('Are you there?');
    const unknown = await thread.has(id, 'unknown');
    expect(unknown.error).toMatchObject({ kind: 'no_answer' });
    // Those behind it don't wait for ever.
    const next = await thread.reply('Hello?');
    await thread.has(next.id, 'sent');
    expect(await inbox.phone.sent()).toHaveLength(2);
    await inbox.phone.release();
    const settled = await thread.has(id, 'sent', 'delivered');
    expect(settled.error).toBeUndefined();
    expect(settled.providerMessageId).toContain((await inbox.phone.sent())[0]?.providerMessageId);
    expect((await thread.messages()).map(({ text }) => text)).toEqual([
      'Hello there',
      'Are you there?',
      'Hello?',
    ]);
    expect(await inbox.phone.sent()).toHaveLength(2);
  });

  test('written in the provider’s own app: an agent’s message, and a person has the conversation', async () => {
    const { inbox, thread, chatId, messageId, name } = await beginTalk(product, channel, 'menu');
    await inbox.phone.sees(chatId, ({ text }) => text.includes('What would you like?'));
    await thread.becomes('the flow has it', ({ owner }) => owner === 'bot');
    const asked = await inbox.phone.write({
      chatId,
      fromOwnApp: true,
      text: 'A person speaking',
      // Under a post, an answer is one by what it answers.
      ...(isDirect(channel) ? {} : { replyTo: messageId }),
    });
    const shown = await thread.message('what a person wrote', ({ providerMessageId }) =>
      Boolean(providerMessageId?.includes(asked.messageId)),
    );
    expect(shown).toMatchObject({
      direction: 'out',
      author: { kind: 'agent' },
      text: 'A person speaking',
      status: expect.stringMatching(/^(sent|delivered)$/),
    });
    await thread.becomes('a person has it', ({ owner }) => owner === 'human');
    const before = await inbox.phone.sent();
    const last = await inbox.phone.write({ chatId, personName: name, text: '2' });
    await thread.message('the customer’s answer', ({ providerMessageId }) =>
      Boolean(providerMessageId?.includes(last.messageId)),
    );
    const reply = await thread.reply('Thank you');
    await thread.has(reply.id, 'sent', 'delivered');
    // The flow said nothing more.
    expect(await inbox.phone.sent()).toHaveLength(before.length + 1);
    expect(await inbox.conversations()).toHaveLength(1);
  });

  test('what is edited, deleted and reacted to is shown so', async () => {
    const { inbox, thread, chatId, messageId } = await beginTalk(product, channel);
    const abilities = await inbox.phone.abilities();
    const first = (fits: Parameters<typeof thread.message>[1], what: string) =>
      thread.message(
        what,
        (message) => Boolean(message.providerMessageId?.includes(messageId)) && fits(message),
      );
    if (abilities.includes('edit')) {
      await inbox.phone.act({ kind: 'edit', chatId, messageId, text: 'Hello, corrected' });
      const edited = await first(({ text }) => text === 'Hello, corrected', 'the correction');
      expect(edited.editedAt).not.toBeNull();
    }
    if (abilities.includes('react')) {
      const reply = await thread.reply('Do you like it?');
      const sent = await thread.has(reply.id, 'sent', 'delivered');
      const reacting = { kind: 'react' as const, chatId, messageId: sent.providerMessageId ?? '' };
      await inbox.phone.act({ ...reacting, emoji: '👍' });
      await thread.message(
        'the reaction',
        ({ id, reactions }) => id === sent.id && reactions[0]?.emoji === '👍',
      );
      await inbox.phone.act({ ...reacting, emoji: '😮' });
      const other = await thread.message(
        'another reaction',
        ({ id, reactions }) => id === sent.id && reactions[0]?.emoji === '😮',
      );
      expect(other.reactions).toHaveLength(1);
      await inbox.phone.act({ ...reacting, emoji: '' });
      await thread.message('no reaction', ({ id, reactions }) => id === sent.id && reactions.length === 0);
    }
    if (abilities.includes('delete') && reports.deletes) {
      await inbox.phone.act({ kind: 'delete', chatId, messageId });
      await first(({ deletedAt }) => deletedAt !== null, 'the deletion');
    }
    expect(isDirect(channel) || !abilities.includes('react')).toBe(true);
  });
});
