/** Telegram, LINE, SMS and TikTok end to end: when all goes well, and when the provider, the network or the customer is difficult. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import { partsOf } from '../support/channel-inbox.ts';
import { menuFlow, startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { eventually } from '../support/eventually.ts';
import { png } from '../support/picture.ts';
import { customerWrites, newName } from './meta-channels.ts';
import { beginTalk, rows, textSent, type OtherChannel } from './other-channels.ts';

let product: ChannelProduct;

beforeAll(async () => {
  product = await startChannelProduct();
  await product.publish(menuFlow(await product.upload(png(1), 'menu.png', 'image/png')));
}, 240_000);
afterAll(() => product?.close(), 120_000);

const definitionOf = ({ type }: OtherChannel) => definitions[type];

describe.each(rows)('%s, when all goes well', (_name, channel) => {
  const { capabilities, reports } = definitionOf(channel);

  test('connects, hears, runs the flow, answers once; the choice is pressed; it arrives and is read', async () => {
    const { inbox, thread, chatId, messageId, name } = await beginTalk(product, channel, 'menu');
    expect(await thread.read()).toMatchObject({ inboxId: inbox.id, status: 'open', threadKey: '' });
    const question = await inbox.phone.sees(chatId, ({ text }) => text.includes('What would you like?'));
    if (capabilities.choices)
      expect(question.choices.map(({ label }) => label)).toEqual(['Hot soup', 'Plum cake']);
    else expect(question.text).toContain('1. Hot soup\n2. Plum cake');
    const choice = question.choices.at(1);
    await inbox.phone.write(
      choice
        ? { chatId, replyTo: question.id, choiceId: choice.id }
        : { chatId, personName: name, text: '2' },
    );
    await inbox.phone.sees(chatId, ({ text }) => text === 'You chose Plum cake.');
    await inbox.phone.sees(chatId, ({ text }) => text.startsWith('You wrote: '));

    const all = await thread.all('every message acknowledged', (messages) =>
      messages
        .filter(({ direction }) => direction === 'out')
        .every(({ status }) => ['sent', 'delivered', 'read'].includes(status)),
    );
    expect(all.map(({ direction }) => direction)).toEqual(['in', 'out', 'in', 'out', 'out', 'out']);
    expect(all[0]?.providerMessageId).toContain(messageId);
    if (choice) expect(all[2]?.parts).toEqual([{ kind: 'choice_reply', id: 'cake', label: 'Plum cake' }]);
    // The provider accepted each of ours once, and nothing beside them.
    const sent = await inbox.phone.sent();
    const ours = all.filter(({ direction }) => direction === 'out');
    expect(sent).toHaveLength(ours.length);
    for (const [at, { providerMessageId }] of sent.entries())
      expect(ours[at]?.providerMessageId).toContain(providerMessageId);

    const last = ours.at(-1)?.id ?? '';
    if (reports.delivered) expect((await thread.has(last, 'delivered')).deliveredAt).not.toBeNull();
    if (reports.read) expect((await thread.has(last, 'read')).readAt).not.toBeNull();
    expect(await inbox.conversations()).toHaveLength(1);
    const proof = await product.call('POST', `/api/inboxes/${inbox.id}/test`);
    expect(proof).toMatchObject({ passed: true, inbox: { state: 'active' } });
    const probed = await product.call('POST', `/api/inboxes/${inbox.id}/probe`);
    expect(probed).toMatchObject({
      inbox: { state: 'active', inbound: { state: 'ok' }, outbound: { state: 'ok' } },
      lastInbound: { conversationId: thread.id },
      lastReply: { messageId: last },
      counts: {
        inbound24h: 2,
        inboundPending: 0,
        outboundWaiting: 0,
        sent24h: 4,
        failed24h: 0,
        unknown24h: 0,
      },
    });
  });

  test('files both ways: their bytes arrive in our storage, ours on the phone', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product, channel, 'Here comes a picture');
    const bytes = png(7);
    const place = await inbox.phone.write({
      chatId,
      personName: name,
      media: { kind: 'image', bytes, mimeType: 'image/png', name: 'garden.png' },
    });
    const arrived = await thread.message('the picture', (message) =>
      Boolean(message.providerMessageId?.includes(place.messageId)),
    );
    const stored = await eventually('the picture’s bytes', async () => {
      const found = await product.download(partsOf(arrived, 'image')[0]?.url ?? '');
      return found.status === 200 && found;
    });
    expect(stored.type).toBe('image/png');
    expect(Buffer.from(stored.bytes).equals(bytes)).toBe(true);

    const mediaId = await product.upload(png(8), 'answer.png', 'image/png');
    const reply = await thread.reply({ parts: [{ kind: 'image', mediaId, mimeType: 'image/png' }] });
    await thread.has(reply.id, 'sent', 'delivered', 'read');
    const seen = await inbox.phone.sees(chatId, ({ media }) => media.length > 0);
    expect(Buffer.from((await product.download(seen.media[0]?.url ?? '')).bytes).equals(png(8))).toBe(true);
  });

  test('five photos at once, from somebody new: five messages, one conversation', async () => {
    const inbox = await product.createSandboxInbox(channel.type, channel.credentials());
    const photos = [11, 12, 13, 14, 15].map((shade) => ({
      kind: 'image' as const,
      bytes: png(shade),
      mimeType: 'image/png',
    }));
    const [first, ...others] = photos;
    if (!first) throw new Error('No photos.');
    const { chatId, messageId } = await inbox.phone.write({ personName: newName(), media: first });
    await Promise.all(others.map((media) => inbox.phone.write({ chatId, media })));
    const thread = await inbox.holding(messageId);
    const messages = await thread.all('five photos', ({ length }) => length === 5);
    expect(await inbox.conversations()).toHaveLength(1);
    const shades = messages.map(async (message) => {
      const found = await eventually('a photo’s bytes', async () => {
        const answer = await product.download(partsOf(message, 'image')[0]?.url ?? '');
        return answer.status === 200 && answer.bytes;
      });
      return photos.findIndex(({ bytes }) => Buffer.from(bytes).equals(Buffer.from(found)));
    });
    // Each its own picture, whatever order they came in.
    expect(new Set(await Promise.all(shades))).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  if (capabilities.typing) {
    test('typing is shown until our next message', async () => {
      const { inbox, thread, chatId } = await beginTalk(product, channel);
      await product.call('POST', `/api/conversations/${thread.id}/typing`);
      await eventually('typing on the phone', async () => (await inbox.phone.chat(chatId)).typing);
      await thread.reply('Here I am');
      await inbox.phone.sees(chatId, ({ text }) => text === 'Here I am');
      expect((await inbox.phone.chat(chatId)).typing).toBe(false);
      expect((await inbox.read()).outbound.state).not.toBe('failing');
    });
  }
});

describe.each(rows)('%s, when it is difficult', (_name, channel) => {
  const { reports } = definitionOf(channel);
  const acknowledged = ['sent', 'delivered', 'read'] as const;

  test('too many requests: it waits as told, and sends once', async () => {
    const { inbox, thread, chatId } = await beginTalk(product, channel);
    await inbox.phone.fault({ kind: 'rate_limited', times: 1, retryAfterSeconds: 1 });
    const startedMs = Date.now();
    const reply = await thread.reply('Patience');
    await thread.has(reply.id, ...acknowledged);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(1_000);
    await inbox.phone.sees(chatId, ({ text }) => text === 'Patience');
    expect((await inbox.phone.sent()).map(textSent)).toEqual(['Patience']);
  });

  test('a token that ends: replies wait, and leave in order once it is connected again', async () => {
    const { inbox, thread, credentials } = await beginTalk(product, channel);
    await inbox.phone.fault({ kind: 'token_expired' });
    const texts = ['one', 'two', 'three'];
    const ids: string[] = [];
    for (const text of texts) ids.push((await thread.reply(text)).id);
    for (const id of ids) await thread.has(id, 'parked');
    const parked = await inbox.becomes('needs attention', ({ state }) => state === 'needs_attention');
    expect(parked.outbound).toMatchObject({ state: 'failing', reason: expect.any(String) });
    expect(await inbox.phone.sent()).toEqual([]);
    // Still refused: nothing changes.
    expect((await product.ask('PATCH', `/api/inboxes/${inbox.id}`, { credentials })).status).toBe(422);
    await thread.has(ids[0] ?? '', 'parked');
    await inbox.phone.clearFaults();
    expect((await product.ask('PATCH', `/api/inboxes/${inbox.id}`, { credentials })).status).toBe(200);
    for (const id of ids) await thread.has(id, ...acknowledged);
    expect((await inbox.phone.sent()).map(textSent)).toEqual(texts);
    expect((await inbox.read()).state).not.toBe('needs_attention');
    // The history stays, and the customer’s next message is answered as ever.
    expect((await thread.messages()).map(({ text }) => text)).toEqual(['Hello there', ...texts]);
  });

  test('somebody who can’t be reached: the reply fails in the provider’s words, the inbox stays well', async () => {
    const { inbox, thread } = await beginTalk(product, channel);
    await inbox.phone.fault({ kind: 'contact_unreachable', times: 1 });
    const { id } = await thread.reply('Are you there?');
    expect((await thread.has(id, 'failed')).error).toMatchObject({
      kind: 'contact_unreachable',
      message: expect.any(String),
      providerCode: expect.any(String),
    });
    expect(await inbox.phone.sent()).toEqual([]);
    const again = await thread.reply('And now?');
    await thread.has(again.id, ...acknowledged);
    expect((await inbox.read()).outbound.state).not.toBe('failing');
  });

  test('every webhook three times: each message once, each answer once', async () => {
    const inbox = await product.createSandboxInbox(channel.type, channel.credentials());
    await inbox.phone.delivery({ copies: 3 });
    const { thread, chatId, name } = await customerWrites(inbox, 'menu');
    await inbox.phone.sees(chatId, ({ text }) => text.includes('What would you like?'));
    await inbox.phone.write({ chatId, personName: name, text: 'Plum cake' });
    await inbox.phone.sees(chatId, ({ text }) => text === 'You wrote: Plum cake');
    const all = await thread.all('every answer', (messages) => messages.length >= 6);
    expect(all.map(({ direction }) => direction)).toEqual(['in', 'out', 'in', 'out', 'out', 'out']);
    expect(await inbox.phone.sent()).toHaveLength(4);
    expect(await inbox.conversations()).toHaveLength(1);
  });

  test('webhooks in the wrong order: nothing is lost or doubled, statuses never go back', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product, channel);
    await inbox.phone.delivery({ held: true });
    for (const text of ['first', 'second', 'third'])
      await inbox.phone.write({ chatId, personName: name, text });
    const reply = await thread.reply('I am here');
    await thread.has(reply.id, ...acknowledged);
    await inbox.phone.release();
    const all = await thread.all('all three', (messages) => messages.length === 5);
    expect(all.map(({ text }) => text).toSorted()).toEqual(
      ['Hello there', 'I am here', 'first', 'second', 'third'].toSorted(),
    );
    if (reports.delivered) await thread.has(reply.id, 'delivered');
    if (reports.read) await thread.has(reply.id, 'read');
    expect(await inbox.conversations()).toHaveLength(1);
    expect(await inbox.phone.sent()).toHaveLength(1);
  });
});
