import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import type { ProviderApp } from '#domain/channel.ts';
import type { RawRequest } from '#channels/contract.ts';
import { readDelivery } from '#channels/tiktok/parse.ts';
import { signTikTok } from '#channels/tiktok/signature.ts';
import { tikTokWebhook } from '#channels/tiktok/webhook.ts';
import { businessId, deliveries } from './deliveries.ts';

const bytes = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

describe('samples, and what they mean to us', () => {
  test.each(Object.entries(deliveries))('%s', async (name, delivery) => {
    const file = `../../../channels/tiktok/samples/${name}.json`;
    const config = await resolveConfig(new URL(file, import.meta.url).pathname);
    await expect(
      await format(JSON.stringify(delivery, null, 2), { ...config, parser: 'json' }),
    ).toMatchFileSnapshot(file);
    expect(readDelivery(bytes(delivery))).toMatchSnapshot();
  });
});

const nowMs = 1_763_841_600_000;
const appOf = (secret: string, sandbox = false): ProviderApp => ({
  provider: 'tiktok',
  id: 'app',
  secret,
  sandbox,
});
const requestOf = (body: Uint8Array, signature?: string): RawRequest => ({
  method: 'POST',
  url: 'https://teloring.example/webhooks/tiktok',
  headers: signature === undefined ? {} : { 'tiktok-signature': signature },
  body,
  receivedAtMs: nowMs,
});

describe('the app’s webhook', () => {
  const body = bytes(deliveries['text']);
  const apps = [appOf('one'), appOf('two', true), { ...appOf('three'), provider: 'meta' as const }];
  const verdict = (signature?: string, of = body): string => {
    const result = tikTokWebhook.verify(apps, requestOf(of, signature));
    return result.kind === 'ok'
      ? `ok ${result.app.secret}`
      : result.kind === 'reject'
        ? result.code
        : result.kind;
  };
  test('is signed by one of TikTok’s apps, over the raw bytes', () => {
    expect(verdict(signTikTok('one', body, nowMs))).toBe('ok one');
    expect(verdict(signTikTok('two', body, nowMs))).toBe('ok two');
    expect(verdict(signTikTok('three', body, nowMs))).toBe('signature_wrong');
    expect(verdict(signTikTok('', body, nowMs))).toBe('signature_wrong');
    expect(verdict(signTikTok('one', body, nowMs), bytes({}))).toBe('signature_wrong');
    expect(tikTokWebhook.verify([], requestOf(body, signTikTok('one', body, nowMs))).kind).toBe('reject');
  });
  test('known value', () => {
    // printf '1763841600.{}' | openssl dgst -sha256 -hmac secret
    expect(signTikTok('secret', '{}', nowMs)).toBe(
      `t=1763841600,s=6e2f31e78e7287334fc67774c666b47c3facc28502c64cd5f4000cd0c9d5f50d`,
    );
  });
  test('fields go by name, in any order; twice is none', () => {
    const [time = '', digest = ''] = signTikTok('one', body, nowMs).split(',');
    expect(verdict(`${digest}, ${time}`)).toBe('ok one');
    expect(verdict(`${time},${digest},v=2`)).toBe('ok one');
    expect(verdict(`${time},${time},${digest}`)).toBe('signature_missing');
    for (const odd of [undefined, '', 'nonsense', time, digest, `t=soon,${digest}`])
      expect(verdict(odd)).toBe('signature_missing');
  });
  test('is at most five minutes old, said only of a right signature', () => {
    for (const age of [-299_000, 299_000])
      expect(verdict(signTikTok('one', body, nowMs + age))).toBe('ok one');
    for (const age of [-301_000, 301_000])
      expect(verdict(signTikTok('one', body, nowMs + age))).toBe('timestamp_stale');
    expect(verdict(signTikTok('other', body, nowMs - 301_000))).toBe('signature_wrong');
  });
  test('goes to the account it names, byte for byte', () => {
    expect(tikTokWebhook.split(requestOf(body))).toEqual([
      { to: { type: 'tiktok', accountKey: businessId }, body },
    ]);
    expect(tikTokWebhook.split(requestOf(bytes({ event: 'x' })))).toMatchObject([{ to: { accountKey: '' } }]);
    const big = new TextEncoder().encode('{"event":"x","user_openid":7361234567890123456}');
    expect(tikTokWebhook.split(requestOf(big))).toMatchObject([
      { to: { accountKey: '7361234567890123456' } },
    ]);
    expect(tikTokWebhook.split(requestOf(bytes({ user_openid: 42 })))).toMatchObject([
      { to: { accountKey: '42' } },
    ]);
    expect(
      tikTokWebhook.split(requestOf(bytes([deliveries['text'], 7, { user_openid: 'b' }]))),
    ).toMatchObject([
      { to: { accountKey: businessId } },
      { to: { accountKey: '' } },
      { to: { accountKey: 'b' } },
    ]);
    for (const odd of ['', '3', '"x"', '{'])
      expect(tikTokWebhook.split(requestOf(new TextEncoder().encode(odd)))).toMatchObject({
        kind: 'malformed',
      });
  });
});
