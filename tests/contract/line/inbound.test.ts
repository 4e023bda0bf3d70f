/** What people do on their phones, as it reaches us, and the bytes they send. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import type { PhoneMessage, SandboxPhone } from '#channels/sandbox-contract.ts';
import type { Part } from '#domain/message.ts';
import { adapter, ann, messageOf, options, startBench, type Bench } from './bench.ts';

let bench: Bench;
let phone: SandboxPhone;
beforeEach(async () => {
  bench = await startBench();
  phone = await bench.phone();
});
afterEach(() => bench.close());

const signal = (): AbortSignal => AbortSignal.timeout(2_000);
const hi: Part = { kind: 'text', text: 'Hi Ann' };
const shown = (chatId = ann): PhoneMessage[] => phone.chats().find(({ id }) => id === chatId)?.messages ?? [];
async function refusal(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}
async function written(text = 'Hello', chatId = ann): Promise<void> {
  phone.write({ chatId, personId: ann, personName: 'Ann', text });
  await phone.settled();
}

describe('what comes', () => {
  const bytes = Buffer.from('a photograph');
  test.each(['image', 'audio', 'video', 'file'] as const)('%s, and its bytes', async (kind) => {
    phone.write({
      chatId: ann,
      personName: 'Ann',
      media: { kind, bytes, mimeType: `${kind}/x`, name: 'a.pdf' },
    });
    await phone.settled();
    const part = bench.events.at(-1);
    if (part?.kind !== 'message' || part.parts[0]?.kind !== kind || !('source' in part.parts[0]))
      throw new Error('none');
    const fetched = await adapter.fetchMedia?.(bench.inbox, part.parts[0].source, {
      signal: signal(),
      maxBytes: 100,
    });
    expect(fetched).toMatchObject({ mimeType: `${kind}/x` });
    expect(Buffer.from(fetched?.bytes ?? [])).toEqual(bytes);
    const small = adapter.fetchMedia?.(bench.inbox, part.parts[0].source, { signal: signal(), maxBytes: 5 });
    expect(await refusal(small ?? Promise.resolve())).toMatchObject({ kind: 'permanent', message: /larger/ });
  });

  test('stickers are pictures; nothing is fetched from private or unencrypted places', async () => {
    phone.write({ chatId: ann, media: { kind: 'sticker', bytes, mimeType: 'image/png' } });
    await phone.settled();
    const event = bench.events.at(-1);
    if (event?.kind !== 'message' || event.parts[0]?.kind !== 'image' || !('source' in event.parts[0]))
      throw new Error('none');
    const sticker = await adapter.fetchMedia?.(bench.inbox, event.parts[0].source, {
      signal: signal(),
      maxBytes: 1000,
    });
    expect(sticker).toMatchObject({ mimeType: 'image/png', name: 'sticker-1988.png' });
    const fetch = (url: string) =>
      adapter.fetchMedia?.(bench.inbox, { url }, { signal: signal(), maxBytes: 1000 }) ?? Promise.resolve();
    expect((await refusal(fetch('http://shop.example/a.jpg'))).kind).toBe('permanent');
    expect((await refusal(fetch('https://127.0.0.1/a.jpg'))).kind).toBe('permanent');
    expect((await refusal(fetch('https://[::1]/a.jpg'))).kind).toBe('permanent');
  });

  test('unsent, edited, blocked, back, put out', async () => {
    const group = phone.write({ chatId: 'group one', personId: ann, personName: 'Ann', text: 'Helo' });
    phone.act({ kind: 'edit', chatId: group.chatId, messageId: group.messageId, text: 'Hello' });
    phone.act({ kind: 'delete', chatId: group.chatId, messageId: group.messageId });
    phone.act({ kind: 'block', chatId: group.chatId });
    phone.write({ chatId: ann, text: 'me' });
    phone.act({ kind: 'block', chatId: ann });
    phone.act({ kind: 'unblock', chatId: ann });
    await phone.settled();
    const [, edit, unsent, left, , blocked, back] = bench.events;
    expect(edit).toMatchObject({
      kind: 'edit',
      providerMessageId: group.messageId,
      parts: [{ text: 'Hello' }],
    });
    expect(unsent).toMatchObject({ kind: 'delete', providerMessageId: group.messageId });
    expect(left).toMatchObject({ kind: 'contact', change: 'blocked', contact: { externalId: group.chatId } });
    expect(blocked).toMatchObject({ kind: 'contact', change: 'blocked', contact: { externalId: ann } });
    expect(back).toMatchObject({ kind: 'contact', change: 'unblocked' });
    phone.act({ kind: 'block', chatId: ann });
    expect((await adapter.send(bench.inbox, messageOf(hi), options())).providerMessageId).not.toBe('');
    expect(shown().map(({ text }) => text)).toEqual(['me']);
  });

  test('copies, and held ones in reverse, keep their ids', async () => {
    phone.setDelivery({ copies: 2 });
    await written();
    const [one, two] = bench.events;
    expect(one).toEqual(two);
    bench.events.length = 0;
    phone.setDelivery({ copies: 1, held: true });
    phone.write({ chatId: ann, text: 'first' });
    phone.write({ chatId: ann, text: 'second' });
    await phone.settled();
    expect(bench.events).toEqual([]);
    await phone.release();
    expect(bench.events).toMatchObject([{ parts: [{ text: 'second' }] }, { parts: [{ text: 'first' }] }]);
  });

  test('names and pictures of people and groups', async () => {
    const group = 'Ca56f94637c1a2b3c4d5e6f7a8b9c0d1e';
    await written('Hello', group);
    expect(await adapter.fetchContact?.(bench.inbox, ann, signal())).toEqual({ name: 'Ann' });
    expect(await adapter.fetchContact?.(bench.inbox, group, signal())).toEqual({ name: 'Group a56f' });
    expect(await adapter.fetchContact?.(bench.inbox, `U${'0'.repeat(32)}`, signal())).toEqual({});
    expect(await adapter.fetchContact?.(bench.inbox, `R${'0'.repeat(32)}`, signal())).toEqual({});
  });
});
