/** Telegram: groups with topics, edits, reactions, blocks, business accounts, pressed buttons. */
import { expect, test } from 'vitest';
import type { ChannelProduct } from '../../support/channel-product.ts';
import { eventually } from '../../support/eventually.ts';
import { beginTalk, channels, textSent } from '../other-channels.ts';
import { says, activities } from './shared.ts';

export function telegramScenarios(product: () => ChannelProduct): void {
  test('a topic of a group: each person a conversation, answered in the topic', async () => {
    const inbox = await product().createSandboxInbox('telegram', channels.telegram.credentials());
    const ann = await inbox.phone.write({
      chatId: '-100200/7',
      personId: '51',
      personName: 'Ann',
      text: 'Hi',
    });
    const bob = await inbox.phone.write({
      chatId: '-100200/9',
      personId: '52',
      personName: 'Bob',
      text: 'Hey',
    });
    const [ofAnn, ofBob] = [await inbox.holding(ann.messageId), await inbox.holding(bob.messageId)];
    expect(ofAnn.id).not.toBe(ofBob.id);
    expect([(await ofAnn.read()).threadKey, (await ofBob.read()).threadKey]).toEqual(['-100200', '-100200']);
    expect((await ofBob.read()).contact).toMatchObject({ externalId: '52', name: 'Bob' });
    await ofBob.reply('To Bob');
    await inbox.phone.sees('-100200/9', says('To Bob'));
    await ofAnn.reply('To Ann');
    await inbox.phone.sees('-100200/7', says('To Ann'));
    expect((await inbox.phone.sent()).map(textSent)).toEqual(['To Bob', 'To Ann']);
  });

  test('a message that is edited, and a reaction that comes and goes', async () => {
    const { inbox, thread, chatId, messageId } = await beginTalk(product(), channels.telegram, 'Two cakse');
    await inbox.phone.act({ kind: 'edit', chatId, messageId, text: 'Two cakes' });
    const edited = await thread.message('the edit', says('Two cakes'));
    expect(edited.editedAt).not.toBeNull();
    const { id } = await thread.reply('Two it is');
    const { id: shownId } = await inbox.phone.sees(chatId, says('Two it is'));
    await thread.has(id, 'sent');
    await inbox.phone.act({ kind: 'react', chatId, messageId: shownId, emoji: '👍' });
    const reacted = await thread.message('the reaction', ({ reactions }) => reactions.length === 1);
    expect([reacted.id, reacted.reactions[0]?.emoji]).toEqual([id, '👍']);
    await inbox.phone.act({ kind: 'react', chatId, messageId: shownId, emoji: '' });
    await thread.message('no reaction', (message) => message.id === id && message.reactions.length === 0);
    expect(await thread.messages()).toHaveLength(2);
  });

  test('a customer who blocks the bot is told of, can’t be reached, and comes back', async () => {
    const { inbox, thread, chatId } = await beginTalk(product(), channels.telegram);
    await inbox.phone.act({ kind: 'block', chatId });
    await eventually('the activity', async () =>
      (await activities(product(), thread)).includes('contact_blocked'),
    );
    const lost = await thread.reply('Are you there?');
    expect((await thread.has(lost.id, 'failed')).error).toMatchObject({
      kind: 'contact_unreachable',
      message: expect.stringContaining('blocked by the user'),
      providerCode: '403',
    });
    await inbox.phone.act({ kind: 'unblock', chatId });
    await eventually('the activity', async () =>
      (await activities(product(), thread)).includes('contact_unblocked'),
    );
    const heard = await thread.reply('Welcome back');
    await thread.has(heard.id, 'sent');
    expect((await inbox.phone.sent()).map(textSent)).toEqual(['Welcome back']);
  });

  test('a business account: the bot answers in the owner’s chat, the owner’s own words are an agent’s', async () => {
    const inbox = await product().createSandboxInbox('telegram', channels.telegram.credentials());
    const first = await inbox.phone.write({ chatId: '/business', personName: 'Zoe', text: 'Are you open?' });
    const { chatId } = first;
    const thread = await inbox.holding(first.messageId);
    const { id } = await thread.reply('Until six');
    const shown = await inbox.phone.sees(chatId, says('Until six'));
    expect((await thread.has(id, 'sent')).providerMessageId).toContain(shown.id);
    await inbox.phone.write({ chatId, text: 'And on Sundays', fromOwnApp: true });
    const own = await thread.message('the owner’s words', says('And on Sundays'));
    expect(own).toMatchObject({ direction: 'out', author: { kind: 'agent' }, status: 'sent' });
    await thread.becomes('a person’s', ({ owner }) => owner === 'human');
    // A person has it: the flow's word starts nothing.
    await inbox.phone.write({ chatId, text: 'menu' });
    await thread.message('the customer’s word', says('menu'));
    await inbox.phone.act({ kind: 'delete', chatId, messageId: first.messageId });
    await thread.message('the deletion', ({ deletedAt }) => deletedAt !== null);
    expect((await inbox.phone.sent()).map(textSent)).toEqual(['Until six']);
    expect(await inbox.conversations()).toHaveLength(1);
  });

  test('no answer: unknown, and never sent again', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product(), channels.telegram);
    await inbox.phone.fault({ kind: 'no_answer', times: 1 });
    const { id } = await thread.reply('Once');
    expect((await thread.has(id, 'unknown')).error?.kind).toBe('no_answer');
    await inbox.phone.write({ chatId, personName: name, text: 'What was that?' });
    const next = await thread.reply('Twice');
    await thread.has(next.id, 'sent');
    expect((await inbox.phone.sent()).map(textSent)).toEqual(['Once', 'Twice']);
  });

  test('a pressed button stops spinning', async () => {
    const { inbox, chatId } = await beginTalk(product(), channels.telegram, 'menu');
    const question = await inbox.phone.sees(chatId, ({ choices }) => choices.length === 2);
    await inbox.phone.write({ chatId, replyTo: question.id, choiceId: 'soup' });
    await eventually(
      'the press answered',
      async () => (await inbox.phone.facts())['callbacksAnswered'] === 1,
    );
  });
}
