/** The API inbox: signatures, statuses by report, files, and repeats by the same key. */
import { expect, test } from 'vitest';
import type { ChannelProduct } from '../../support/channel-product.ts';
import { png } from '../../support/picture.ts';
import { isSigned, startApiChannel } from '../api-channel.ts';
import { pictureOf } from './shared.ts';

export function apiScenarios(product: () => ChannelProduct): void {
  test('signed in, the flow, signed out, a choice, and statuses by report', async () => {
    const { inbox, receiver, say, post, secret } = await startApiChannel(product());
    const thread = await say('ada', 'menu');
    const [question] = await receiver.waitFor(1);
    if (!question) throw new Error('No callback.');
    expect(isSigned(question, secret)).toBe(true);
    expect(question.body).toMatchObject({ conversationId: thread.id, to: { id: 'ada' } });
    expect(question.body.message.parts).toMatchObject([
      { kind: 'choices', options: [{ id: 'soup' }, { id: 'cake', label: 'Plum cake' }] },
    ]);
    await say('ada', '', { choice: { id: 'cake', label: 'Plum cake' } });
    const [, picture, named] = await receiver.waitFor(4);
    expect(named?.body.message.text).toBe('You chose Plum cake.');
    const [part] = picture?.body.message.parts ?? [];
    const { url } = part as { url: string };
    expect(Buffer.from((await product().download(url)).bytes).equals(png(1))).toBe(true);
    const [, asked] = await thread.all(
      'all acknowledged',
      (messages) =>
        messages.length === 6 && messages.every(({ status }) => status === 'received' || status === 'sent'),
    );
    if (!asked) throw new Error('No question.');
    // By our id of the callback, and by theirs; twice, and in the wrong order.
    const ours = { eventId: question.body.eventId, status: 'read' };
    expect((await post({ status: ours })).body.duplicate).toBe(false);
    expect((await post({ status: ours })).body.duplicate).toBe(true);
    await thread.has(asked.id, 'read');
    await post({ status: { messageId: asked.providerMessageId, status: 'delivered' } });
    await post({
      status: {
        messageId: named && `provider-${named.body.message.id}`,
        status: 'failed',
        error: { message: 'Full', code: 'E7' },
      },
    });
    const failed = await thread.message('the failure', ({ status }) => status === 'failed');
    expect(failed.error).toMatchObject({ message: 'Full', providerCode: 'E7' });
    await thread.has(asked.id, 'read');
    expect(await inbox.conversations()).toHaveLength(1);
    await receiver.close();
  });

  test('a wrong signature is nothing; the same event twice is one message', async () => {
    const { inbox, receiver, post, say } = await startApiChannel(product());
    const thread = await say('ada', 'Hello');
    const again = { id: 'twice', from: { id: 'ada' }, text: 'Once more' };
    expect([(await post(again)).body.duplicate, (await post(again)).body.duplicate]).toEqual([false, true]);
    const forged = await fetch(`${product().product.url}/webhooks/api/${inbox.id}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-teloring-signature': 't=1,v1=00' },
      body: JSON.stringify({ ...again, id: 'forged' }),
    });
    expect(forged.status).toBe(401);
    await thread.all('both', (messages) => messages.length === 2);
    await receiver.close();
  });

  test('five files at once are five messages of one conversation, each in our storage', async () => {
    const { inbox, receiver, post } = await startApiChannel(product());
    const shades = [31, 32, 33, 34, 35];
    await Promise.all(
      shades.map((shade) =>
        post({
          id: `photo-${shade}`,
          from: { id: 'eve' },
          attachments: [
            { base64: Buffer.from(png(shade)).toString('base64'), mimeType: 'image/png', name: 'a.png' },
          ],
        }),
      ),
    );
    const thread = await inbox.holding('photo-31');
    const messages = await thread.all('five photos', ({ length }) => length === 5);
    for (const message of messages) {
      const shade = Number(message.providerMessageId?.slice('photo-'.length));
      expect(Buffer.from(await pictureOf(product(), message)).equals(png(shade))).toBe(true);
    }
    await receiver.close();
  });

  test('refused, then told to wait: the same key on every try, acknowledged once', async () => {
    const { receiver, say } = await startApiChannel(product());
    receiver.answer = (_, tries) =>
      tries === 1
        ? { status: 503 }
        : tries === 2
          ? { status: 429, headers: { 'retry-after': '1' } }
          : { status: 200 };
    const thread = await say('ada', 'Hello');
    const { id } = await thread.reply('Third time lucky');
    const sent = await thread.has(id, 'sent');
    expect(receiver.deliveries.map(({ key }) => key)).toEqual(
      Array.from({ length: 3 }, () => receiver.deliveries[0]?.body.eventId),
    );
    // No id in the answer: the callback's own stands for it.
    expect(sent.providerMessageId).toBe(receiver.deliveries[0]?.body.eventId);
    await receiver.close();
  });

  test('no answer: repeated by the same key where the receiver drops repeats, unknown where it doesn’t', async () => {
    for (const idempotent of [true, false]) {
      const { receiver, say } = await startApiChannel(product(), { idempotent });
      receiver.answer = (_, tries) => (tries === 1 ? { status: 200, drop: true } : { status: 200 });
      const thread = await say('ada', 'Hello');
      const { id } = await thread.reply('Once');
      await thread.has(id, idempotent ? 'sent' : 'unknown');
      await thread.has((await thread.reply('Then')).id, idempotent ? 'sent' : 'unknown');
      const keys = receiver.deliveries.map(({ key }) => key);
      expect([keys.length, new Set(keys).size]).toEqual(idempotent ? [4, 2] : [2, 2]);
      await receiver.close();
    }
  });
}
