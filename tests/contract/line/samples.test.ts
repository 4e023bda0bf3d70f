import { validateSignature } from '@line/bot-sdk';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { readDelivery } from '#channels/line/parse.ts';
import { signLine, verifyLineSignature } from '#channels/line/signature.ts';
import { deliveries, newer } from './deliveries.ts';

const secret = '8c570fa6dd201bb328f1c1eac23a96d8';

describe('samples are what LINE’s own types allow, and mean this to us', () => {
  test.each(Object.entries({ ...deliveries, ...newer }))('%s', async (name, delivery) => {
    const file = `../../../channels/line/samples/${name}.json`;
    const config = await resolveConfig(new URL(file, import.meta.url).pathname);
    await expect(
      await format(JSON.stringify(delivery, null, 2), { ...config, parser: 'json' }),
    ).toMatchFileSnapshot(file);
    expect(readDelivery(Buffer.from(JSON.stringify(delivery)))).toMatchSnapshot();
  });
});

describe('signatures', () => {
  test.each(Object.entries(deliveries))('LINE’s SDK and we agree on %s', (_, delivery) => {
    const body = JSON.stringify(delivery);
    const signature = signLine(secret, body);
    expect(validateSignature(body, secret, signature)).toBe(true);
    expect(validateSignature(`${body} `, secret, signature)).toBe(false);
    const request = {
      method: 'POST',
      url: 'https://teloring.example/webhooks/line/x',
      headers: { 'x-line-signature': signature },
      body: Buffer.from(body),
      receivedAtMs: 0,
    };
    expect(verifyLineSignature(secret, request)).toEqual({ kind: 'ok' });
    expect(verifyLineSignature(`${secret}0`, request).kind).toBe('reject');
    expect(verifyLineSignature(undefined, request).kind).toBe('reject');
    expect(verifyLineSignature('', request).kind).toBe('reject');
  });
});

test('a redelivery is the same event', () => {
  const body = (isRedelivery: boolean): Buffer =>
    Buffer.from(
      JSON.stringify(deliveries['text']).replace('"isRedelivery":false', `"isRedelivery":${isRedelivery}`),
    );
  expect(readDelivery(body(true))).toEqual(readDelivery(body(false)));
});

test('an event without an id of its own is the same event when it comes again', () => {
  const idOf = (isRedelivery: boolean): unknown => {
    const [text] = deliveries['text']?.events ?? [];
    const { webhookEventId: _, ...event } = { ...text, deliveryContext: { isRedelivery } } as Record<
      string,
      unknown
    >;
    const read = readDelivery(Buffer.from(JSON.stringify({ destination: 'U', events: [event] })));
    return Array.isArray(read) && read[0]?.eventId;
  };
  expect(idOf(true)).toMatch(/^sha256:/);
  expect(idOf(true)).toBe(idOf(false));
});

test('an odd event costs none of its siblings', () => {
  const [text] = deliveries['text']?.events ?? [];
  const body = { destination: 'U', events: [null, text, { type: 'message', source: 7 }, { type: 'unsend' }] };
  expect(readDelivery(Buffer.from(JSON.stringify(body)))).toMatchObject([
    { kind: 'account', change: 'unreadable' },
    { kind: 'message', providerMessageId: '444573844083572737' },
    { kind: 'account', change: 'message' },
    { kind: 'account', change: 'unsend' },
  ]);
});
