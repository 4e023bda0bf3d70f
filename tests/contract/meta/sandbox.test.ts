/** Meta's double, spoken to over its own wire: accounts, webhooks, windows. The signature is checked by Node alone. */
import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  apps,
  PAGE,
  INSTAGRAM,
  NUMBER,
  WABA,
  graph,
  messenger,
  facebook,
  instagram,
  whatsapp,
  subscribe,
  bodies,
  text,
  meta,
  startDouble,
  fetchFrom,
  type Answer,
  type Loose,
} from './double.ts';

beforeEach(startDouble);

describe('accounts and subscriptions', () => {
  test('any token of the sandbox’s form works at once; others get 190', async () => {
    expect((await graph(`/${PAGE}?fields=id,name`)).body).toEqual({ id: PAGE, name: expect.any(String) });
    const refused = await graph(`/${PAGE}`, undefined, { token: 'EAAreal' });
    expect([refused.status, refused.body.error.code]).toEqual([401, 190]);
    expect((await graph(`/${PAGE}`, undefined, { token: 'sandbox-a-expired' })).body.error).toMatchObject({
      code: 190,
      error_subcode: 463,
    });
  });

  test('each call REPLACES a page’s fields, and only subscribed ones are delivered', async () => {
    const [dm, posts] = [await messenger(), await facebook()];
    await subscribe('messages,message_echoes');
    await subscribe('feed');
    expect((await graph(`/${PAGE}/subscribed_apps`)).body.data[0].subscribed_fields).toEqual(['feed']);
    dm.write({ chatId: '', text: 'lost' });
    posts.write({ chatId: '', text: 'Nice!', personName: 'Ann' });
    await dm.settled();
    expect(bodies().flatMap(({ entry }) => entry.flatMap(Object.keys))).not.toContain('messaging');
    expect(bodies()).toMatchObject([
      {
        object: 'page',
        entry: [{ id: PAGE, changes: [{ field: 'feed', value: { message: 'Nice!', verb: 'add' } }] }],
      },
    ]);
  });

  test('a page subscribed to nothing hears nothing', async () => {
    const phone = await messenger();
    phone.write({ chatId: '', text: 'Hello?' });
    await phone.settled();
    expect(meta.delivered).toEqual([]);
  });

  test('an address is handed over only after its handshake', async () => {
    const change = (verify_token: string): Promise<Answer> =>
      graph(`/${apps.meta.id}/subscriptions`, {
        object: 'page',
        callback_url: 'https://teloring.example/elsewhere',
        verify_token,
        fields: 'feed',
        access_token: `${apps.meta.id}|${apps.meta.secret}`,
      });
    expect((await change('wrong')).body.error.code).toBe(2200);
    expect((await change('verify')).body).toEqual({ success: true });
  });
});

describe('webhooks', () => {
  test('are signed over the very bytes, in which everything beyond ASCII is a lower-case escape', async () => {
    const phone = await messenger();
    await subscribe('messages');
    phone.write({ chatId: '', text: 'Grüße 🥐 a/b' });
    await phone.settled();
    const [{ url, headers, body } = { url: '', headers: {} as Record<string, string>, body: '' }] =
      meta.delivered;
    expect(url).toBe('https://teloring.example/webhooks/meta');
    expect(body).toContain(String.raw`Gr\u00fc\u00dfe \ud83e\udd50 a\/b`);
    // By Node's own HMAC over the bytes, not by our code.
    const expected = createHmac('sha256', 'meta-secret').update(Buffer.from(body, 'latin1')).digest('hex');
    expect(headers['x-hub-signature-256']).toBe(`sha256=${expected}`);
    expect(JSON.parse(body).entry[0].messaging[0].message.text).toBe('Grüße 🥐 a/b');
  });

  test('an account of Instagram Login is signed by the Instagram app', async () => {
    const phone = await instagram();
    await graph(`/${INSTAGRAM}/subscribed_apps?subscribed_fields=messages`, {}, { host: 'instagram' });
    phone.write({ chatId: '', text: 'Hi' });
    await phone.settled();
    const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = meta.delivered;
    const expected = createHmac('sha256', 'instagram-secret').update(body).digest('hex');
    expect(headers['x-hub-signature-256']).toBe(`sha256=${expected}`);
    expect(JSON.parse(body)).toMatchObject({ object: 'instagram', entry: [{ id: INSTAGRAM }] });
  });

  test('what happens at once comes in one body; a failed delivery comes again; copies are copies', async () => {
    const phone = await messenger();
    await subscribe('messages');
    const { chatId } = phone.write({ chatId: '', text: 'one', personName: 'Ann' });
    phone.write({ chatId, text: 'two' });
    meta.statuses.push(500);
    await phone.settled();
    const texts = bodies().map(({ entry }) => entry[0].messaging.map((each: Loose) => each.message.text));
    expect(texts).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
    meta.delivered.length = 0;
    phone.setDelivery({ copies: 2, held: true });
    phone.write({ chatId, text: 'three' });
    phone.write({ chatId, text: 'four' });
    await phone.settled();
    expect(meta.delivered).toEqual([]);
    await phone.release();
    expect(bodies().map(({ entry }) => entry[0].messaging[0].message.text)).toEqual([
      'four',
      'four',
      'three',
      'three',
    ]);
  });
});

describe('windows', () => {
  const send = (id: string, extra: object = {}): Promise<Answer> =>
    graph(`/${PAGE}/messages`, {
      recipient: { id },
      messaging_type: 'RESPONSE',
      message: { text: 'Hi' },
      ...extra,
    });

  test('24 hours by the double’s clock, seven days for people, no other tag', async () => {
    const { chatId } = (await messenger()).write({ chatId: '', text: 'Hello' });
    expect((await send(chatId)).body).toEqual({
      recipient_id: chatId,
      message_id: expect.stringMatching(/^m_/),
    });
    meta.nowMs += 24 * 3_600_000;
    expect((await send(chatId)).body.error).toMatchObject({ code: 10, error_subcode: 2_018_278 });
    const human = { messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' };
    expect((await send(chatId, human)).status).toBe(200);
    expect((await send(chatId, { ...human, tag: 'ACCOUNT_UPDATE' })).body.error.code).toBe(100);
    meta.nowMs += 6 * 24 * 3_600_000;
    expect((await send(chatId, human)).body.error.error_subcode).toBe(2_018_278);
  });

  test('WhatsApp accepts and says so afterwards: 131047; a template still arrives', async () => {
    const phone = await whatsapp();
    await graph(`/${WABA}/subscribed_apps`, {});
    phone.write({ chatId: '491701234567', personName: 'Ann', text: 'Hallo' });
    meta.nowMs += 25 * 3_600_000;
    const accepted = await graph(`/${NUMBER}/messages`, text('491701234567', 'late'));
    expect(accepted.body.messages[0].id).toMatch(/^wamid\./);
    const template = {
      messaging_product: 'whatsapp',
      to: '491701234567',
      type: 'template',
      template: { name: 'hello_world', language: { code: 'en_US' } },
    };
    expect((await graph(`/${NUMBER}/messages`, template)).status).toBe(200);
    await phone.settled();
    const states = bodies().flatMap(({ entry }) =>
      entry.flatMap((each: Loose) => each.changes.flatMap((change: Loose) => change.value.statuses ?? [])),
    );
    expect(states.map(({ status }: { status: string }) => status)).toEqual(['failed', 'sent', 'delivered']);
    expect(states[0].errors[0]).toMatchObject({ code: 131_047, title: 'Re-engagement message' });
    expect(bodies()[0].entry[0].id).toBe(WABA);
  });
});

describe('WhatsApp', () => {
  test('media: an id, an address for five minutes, bytes for the token only', async () => {
    const phone = await whatsapp();
    await graph(`/${WABA}/subscribed_apps`, {});
    phone.write({
      chatId: '',
      media: { kind: 'image', bytes: Buffer.from('a photo'), mimeType: 'image/jpeg' },
      text: 'Look',
    });
    await phone.settled();
    const { image } = bodies()[0].entry[0].changes[0].value.messages[0];
    expect(image).toMatchObject({ mime_type: 'image/jpeg', caption: 'Look' });
    const { url } = (await graph(`/${image.id}`)).body;
    expect((await fetchFrom(url)).status).toBe(401);
    expect(await (await fetchFrom(url, { authorization: 'Bearer sandbox-token' })).text()).toBe('a photo');
    meta.nowMs += 5 * 60_000 + 1;
    expect((await fetchFrom(url, { authorization: 'Bearer sandbox-token' })).status).toBe(404);
  });

  test('buttons are pressed as buttons, and a wrong PIN is told', async () => {
    const phone = await whatsapp();
    const { chatId } = phone.write({ chatId: '', text: 'Hi' });
    const buttons = [{ type: 'reply', reply: { id: 'yes', title: 'Yes' } }];
    const interactive = { type: 'button', body: { text: 'Sure?' }, action: { buttons } };
    const sent = await graph(`/${NUMBER}/messages`, {
      messaging_product: 'whatsapp',
      to: chatId,
      type: 'interactive',
      interactive,
    });
    await graph(`/${WABA}/subscribed_apps`, {});
    phone.write({ chatId, replyTo: sent.body.messages[0].id, choiceId: 'yes' });
    await phone.settled();
    expect(bodies().at(-1).entry[0].changes[0].value.messages[0]).toMatchObject({
      interactive: { type: 'button_reply', button_reply: { id: 'yes', title: 'Yes' } },
      context: { id: sent.body.messages[0].id },
    });
    expect(() => phone.write({ chatId, replyTo: sent.body.messages[0].id, choiceId: 'no' })).toThrow(
      /offers no choice/,
    );
    expect(
      (await graph(`/${NUMBER}/register`, { messaging_product: 'whatsapp', pin: '123456' })).body,
    ).toEqual({ success: true });
    expect(
      (await graph(`/${NUMBER}/register`, { messaging_product: 'whatsapp', pin: '654321' })).body.error.code,
    ).toBe(133_005);
  });
});
