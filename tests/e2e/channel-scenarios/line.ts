/** LINE: groups, unsent messages, stickers, reply tokens and pushes, read marks. */
import { expect, test } from 'vitest';
import type { ChannelProduct } from '../../support/channel-product.ts';
import { eventually } from '../../support/eventually.ts';
import { png } from '../../support/picture.ts';
import { beginTalk, channels, textSent } from '../other-channels.ts';
import { says, activities, pictureOf, readAll } from './shared.ts';

export function lineScenarios(product: () => ChannelProduct): void {
  const group = { chatId: 'group of friends', personId: 'Ann', personName: 'Ann' };

  test('a group: each person a conversation, answered in the group; edits and unsent messages', async () => {
    const inbox = await product().createSandboxInbox('line', channels.line.credentials());
    const ann = await inbox.phone.write({ ...group, text: 'Lunhc?' });
    const { chatId } = ann;
    const bob = await inbox.phone.write({ chatId, personId: 'Bob', personName: 'Bob', text: 'Yes' });
    const [ofAnn, ofBob] = [await inbox.holding(ann.messageId), await inbox.holding(bob.messageId)];
    expect(ofAnn.id).not.toBe(ofBob.id);
    expect([(await ofAnn.read()).threadKey, (await ofBob.read()).threadKey]).toEqual([chatId, chatId]);
    await ofBob.becomes('Bob by name', ({ contact }) => contact.name === 'Bob');
    await ofAnn.reply('At one');
    await inbox.phone.sees(chatId, says('At one'));
    await inbox.phone.act({ kind: 'edit', chatId, messageId: ann.messageId, text: 'Lunch?' });
    expect((await ofAnn.message('the edit', says('Lunch?'))).editedAt).not.toBeNull();
    await inbox.phone.act({ kind: 'delete', chatId, messageId: bob.messageId });
    await ofBob.message('the unsent message', ({ deletedAt }) => deletedAt !== null);
    expect((await inbox.phone.sent()).map(({ to }) => to)).toEqual([chatId]);
  });

  test('a sticker is a picture in our storage', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product(), channels.line);
    const media = { kind: 'sticker' as const, bytes: png(1), mimeType: 'image/png' };
    const { messageId } = await inbox.phone.write({ chatId, personName: name, media });
    const sticker = await thread.message(
      'the sticker',
      ({ providerMessageId }) => providerMessageId === messageId,
    );
    expect((await pictureOf(product(), sticker)).length).toBeGreaterThan(0);
  });

  test('the first answer takes the reply token, the next is pushed by a key', async () => {
    const { inbox, thread } = await beginTalk(product(), channels.line);
    for (const text of ['By token', 'By push']) await thread.has((await thread.reply(text)).id, 'sent');
    const [first, second] = await inbox.phone.sent();
    expect([first, second].map((entry) => entry && textSent(entry))).toEqual(['By token', 'By push']);
    expect(first?.request).toHaveProperty('replyToken');
    expect([first?.key, second?.request]).toEqual([
      undefined,
      expect.not.objectContaining({ replyToken: expect.anything() }),
    ]);
    expect(second?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(await inbox.phone.facts()).toMatchObject({ pushedThisMonth: 1 });
  });

  test('a push without an answer is repeated by its key and arrives once', async () => {
    const { inbox, thread, chatId } = await beginTalk(product(), channels.line);
    await thread.has((await thread.reply('By token')).id, 'sent');
    await inbox.phone.fault({ kind: 'no_answer', times: 1 });
    const { id } = await thread.reply('By push');
    const sent = await thread.has(id, 'sent');
    const shown = (await inbox.phone.chat(chatId)).messages.filter(says('By push'));
    expect(shown).toHaveLength(1);
    expect(sent.providerMessageId).toBe(shown[0]?.id);
    expect(await inbox.phone.facts()).toMatchObject({ pushedThisMonth: 1 });
  });

  test('a reply without an answer is unknown; no push follows it', async () => {
    const { inbox, thread } = await beginTalk(product(), channels.line);
    await inbox.phone.fault({ kind: 'no_answer', times: 1 });
    const lost = await thread.reply('By token');
    await thread.has(lost.id, 'unknown');
    await thread.has((await thread.reply('After it')).id, 'sent');
    expect((await inbox.phone.sent()).map(textSent)).toEqual(['By token', 'After it']);
    expect(await inbox.phone.facts()).toMatchObject({ pushedThisMonth: 1 });
    await thread.has(lost.id, 'unknown');
  });

  test('what an agent has read is marked read at the customer’s', async () => {
    const { inbox, thread, messageId } = await beginTalk(product(), channels.line);
    await readAll(product(), thread);
    await eventually(
      'the mark',
      async () => JSON.stringify((await inbox.phone.facts())['markedRead']) === JSON.stringify([messageId]),
    );
  });

  test('somebody who blocks the account and comes back', async () => {
    const { inbox, thread, chatId } = await beginTalk(product(), channels.line);
    await inbox.phone.act({ kind: 'block', chatId });
    await eventually('the activity', async () =>
      (await activities(product(), thread)).includes('contact_blocked'),
    );
    await inbox.phone.act({ kind: 'unblock', chatId });
    await eventually('the activity', async () =>
      (await activities(product(), thread)).includes('contact_unblocked'),
    );
    expect(await inbox.conversations()).toHaveLength(1);
  });
}
