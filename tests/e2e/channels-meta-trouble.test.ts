/** Meta's five channels end to end, when the provider refuses: for now, for good, or until somebody connects the account again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { menuFlow, startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { png } from '../support/picture.ts';
import { beginTalk, direct, five, named, renewed, type Talk } from './meta-channels.ts';

let product: ChannelProduct;

beforeAll(async () => {
  product = await startChannelProduct();
  await product.publish(menuFlow(await product.upload(png(1), 'menu.png', 'image/png')));
}, 240_000);
afterAll(() => product?.close(), 120_000);

const textsSent = async ({ inbox }: Talk): Promise<string[]> =>
  (await inbox.phone.sent()).map(({ request }) => {
    const text = /"(?:body|text|message)":"([^"]*)"/.exec(JSON.stringify(request));
    return text?.[1] ?? '';
  });
const probed = (talk: Talk) =>
  product.call<{
    inbox: { state: string; canSend: boolean; outbound: { state: string; reason?: string } };
    counts: { outboundWaiting: number };
  }>('POST', `/api/inboxes/${talk.inbox.id}/probe`);

describe.each(named(five))('%s', (_name, channel) => {
  test.each(['an agent', 'the flow'])(
    'told to wait, %s is heard once, not before the time asked',
    async (who) => {
      const talk = await beginTalk(product, channel);
      const { inbox, thread, chatId, name } = talk;
      await inbox.phone.fault({ kind: 'rate_limited', times: 1, retryAfterSeconds: 3 });
      const askedMs = Date.now();
      if (who === 'an agent') await thread.reply('As soon as I may');
      else await inbox.phone.write({ chatId, personName: name, text: 'menu' });
      const message = await thread.message(
        'the answer, accepted',
        ({ direction, status }) => direction === 'out' && ['sent', 'delivered'].includes(status),
      );
      const sent = await inbox.phone.sent();
      expect(sent).toHaveLength(1);
      expect(message.providerMessageId).toContain(sent[0]?.providerMessageId);
      expect((sent[0]?.atMs ?? 0) - askedMs).toBeGreaterThanOrEqual(3_000);
      expect(await inbox.read()).toMatchObject({ canSend: true });
    },
  );

  test('a provider in trouble is asked again, and hears it once', async () => {
    const { inbox, thread } = await beginTalk(product, channel);
    await inbox.phone.fault({ kind: 'server_error', times: 2 });
    const { id } = await thread.reply('Third time lucky');
    await thread.has(id, 'sent', 'delivered');
    expect(await inbox.phone.sent()).toHaveLength(1);
  });

  test('a contact who can’t be reached: failed in the provider’s words, not tried again', async () => {
    const { inbox, thread } = await beginTalk(product, channel);
    await inbox.phone.fault({ kind: 'contact_unreachable', times: 1 });
    const { id } = await thread.reply('Anybody there?');
    const failed = await thread.has(id, 'failed');
    expect(failed.error).toMatchObject({
      kind: 'contact_unreachable',
      message: expect.stringMatching(/\w+/),
      providerCode: expect.stringMatching(/^\d+/),
    });
    const next = await thread.reply('And now?');
    await thread.has(next.id, 'sent', 'delivered');
    expect(await inbox.read()).toMatchObject({ canSend: true });
  });

  test('an expired token: everything waits; a new one lets it go in order, once each', async () => {
    const talk = await beginTalk(product, channel);
    const { inbox, thread } = talk;
    await inbox.phone.fault({ kind: 'token_expired' });
    const ids: string[] = [];
    for (const text of ['First', 'Second', 'Third']) ids.push((await thread.reply(text)).id);
    const stopped = await inbox.becomes(
      'the inbox needs attention',
      ({ state }) => state === 'needs_attention',
    );
    expect(stopped).toMatchObject({ canSend: false, outbound: { state: 'failing' } });
    expect(stopped.outbound.reason).toMatch(/expired/i);
    // Still heard, and the flow's answers wait as well.
    await inbox.phone.write({ chatId: talk.chatId, personName: talk.name, text: 'Still there?' });
    await thread.message('what they wrote meanwhile', ({ text }) => text === 'Still there?');
    const waiting = await thread.all('all of it parked', (messages) =>
      messages.filter(({ direction }) => direction === 'out').every(({ status }) => status === 'parked'),
    );
    expect(waiting.filter(({ direction }) => direction === 'out').map(({ id }) => id)).toEqual(ids);
    const told = await probed(talk);
    expect(told).toMatchObject({
      inbox: { state: 'needs_attention', canSend: false, outbound: { state: 'failing' } },
      counts: { outboundWaiting: 3 },
    });
    expect(told.inbox.outbound.reason).toMatch(/expired/i);
    expect(await product.call('GET', `/api/inboxes/${inbox.id}/diagnostics`)).toEqual(told);
    expect(await inbox.phone.sent()).toEqual([]);

    // Another expired token is no help, and changes nothing.
    const { credentials } = talk;
    const refused = await product.ask('PATCH', `/api/inboxes/${inbox.id}`, {
      credentials: renewed(credentials, '-expired'),
    });
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'provider_refused' } } });
    await inbox.phone.clearFaults();
    await product.call('PATCH', `/api/inboxes/${inbox.id}`, { credentials: renewed(credentials) });
    for (const id of ids) await thread.has(id, 'sent', 'delivered');
    expect(await textsSent(talk)).toEqual(['First', 'Second', 'Third']);
    expect(await probed(talk)).toMatchObject({
      inbox: { state: 'active', canSend: true, outbound: { state: 'ok' } },
      counts: { outboundWaiting: 0 },
    });
  });

  test('a permission withdrawn: the flow’s answer waits, and leaves once a probe finds it given again', async () => {
    const talk = await beginTalk(product, channel);
    const { inbox, thread, chatId, name } = talk;
    await inbox.phone.fault({ kind: 'permission_revoked' });
    await inbox.phone.write({ chatId, personName: name, text: 'menu' });
    const stopped = await inbox.becomes(
      'the inbox needs attention',
      ({ state }) => state === 'needs_attention',
    );
    expect(stopped.outbound.reason).toMatch(/permission/i);
    await thread.message(
      'the question, parked',
      ({ author, status }) => author.kind === 'bot' && status === 'parked',
    );
    expect(await probed(talk)).toMatchObject({ inbox: { state: 'needs_attention', canSend: false } });
    await inbox.phone.clearFaults();
    expect(await probed(talk)).toMatchObject({ inbox: { canSend: true, outbound: { state: 'ok' } } });
    await inbox.phone.sees(chatId, ({ text }) => text.includes('What would you like?'));
    expect(await inbox.phone.sent()).toHaveLength(1);
  });
});

describe.each(named(direct.filter(({ by }) => by === undefined)))(
  '%s: the message window',
  (_name, channel) => {
    /** No API makes time pass. */
    const hoursPass = (talk: Talk, hours: number) =>
      product.database.query(
        `update conversations set last_in_at = last_in_at - make_interval(hours => $2) where id = $1`,
        [talk.thread.id, hours],
      );

    test('closed by the provider: the message failed, and says so', async () => {
      const { inbox, thread } = await beginTalk(product, channel);
      await inbox.phone.fault({ kind: 'window_closed', times: 1 });
      const { id } = await thread.reply('One more thing');
      const failed = await thread.has(id, 'failed');
      expect(failed.error).toMatchObject({
        kind: 'window_closed',
        message: expect.stringMatching(/24 hours|outside of allowed window/),
        providerCode: expect.stringMatching(/^\d+/),
      });
      expect(await inbox.read()).toMatchObject({ canSend: true });
    });

    test('closed by the clock: the composer is told, a reply is refused, a template still goes where there are some', async () => {
      const talk = await beginTalk(product, channel);
      const { inbox, thread, chatId, name } = talk;
      const before = await thread.read();
      expect(before.window).toMatchObject({ open: true, closesAt: expect.any(String) });
      await hoursPass(talk, 25);
      const { window } = await thread.read();
      expect(window).toMatchObject({ open: false, closesAt: expect.any(String) });
      expect(Date.parse(window.closesAt ?? '')).toBeLessThan(Date.now());
      const late = await product.ask('POST', `/api/conversations/${thread.id}/messages`, {
        clientMessageId: crypto.randomUUID(),
        text: 'Too late',
      });
      expect(late).toMatchObject({ status: 422, body: { error: { code: 'window_closed' } } });
      if (window.templates) {
        const template = await thread.reply({
          parts: [{ kind: 'template', name: 'hello_world', language: 'en_US' }],
        });
        await thread.has(template.id, 'sent', 'delivered');
        expect(await inbox.phone.sent()).toHaveLength(1);
      } else {
        expect(await inbox.phone.sent()).toEqual([]);
      }
      expect(window.templates === true).toBe(channel.type === 'whatsapp');

      // Their next word opens it.
      await inbox.phone.write({ chatId, personName: name, text: 'I am back' });
      await thread.becomes('the window is open', (conversation) => conversation.window.open);
      const { id } = await thread.reply('Welcome back');
      await thread.has(id, 'sent', 'delivered');
    });

    test('closed while the inbox was not connected: what waited fails with the reason, unsent', async () => {
      const talk = await beginTalk(product, channel);
      const { inbox, thread, credentials } = talk;
      await inbox.phone.fault({ kind: 'token_expired' });
      const { id } = await thread.reply('In time when it was written');
      await thread.has(id, 'parked');
      await hoursPass(talk, 25);
      await inbox.phone.clearFaults();
      await product.call('PATCH', `/api/inboxes/${inbox.id}`, { credentials: renewed(credentials) });
      expect((await thread.has(id, 'failed')).error).toMatchObject({ kind: 'window_closed' });
      expect(await inbox.phone.sent()).toEqual([]);
    });
  },
);
