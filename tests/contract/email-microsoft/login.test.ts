/** Signing in at the double: what Microsoft checks is checked, and what it refuses is said in words. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { authorizeUrl, exchangeCode, newVerifier, refreshTokens } from '#channels/email/microsoft/login.ts';
import { app, http, publicUrl, signal, startBench, type Bench } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const redirectUri = `${publicUrl}/oauth/microsoft/callback`;
const login = () => ({ base: bench.inbox.urls['microsoftLogin'] ?? '', app, signal: signal() });

async function decided(url: string, decision: string, account = 'support@bakery.example'): Promise<URL> {
  const response = await fetch(`${url}&decision=${decision}&account=${account}`, { redirect: 'manual' });
  expect(response.status).toBe(302);
  return new URL(response.headers.get('location') ?? '');
}
const begin = (challenge: string, more: { clientId?: string; redirectUri?: string } = {}): string =>
  authorizeUrl(login().base, { clientId: app.id, redirectUri, state: 'a&b=c', challenge, ...more });

async function refusalOf(work: Promise<unknown>): Promise<ChannelError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw new Error(`Not refused as expected: ${String(error)}`);
  return error;
}

describe('the dialog', () => {
  test('asks, and sends back a code with the state as it was given', async () => {
    const { challenge, verifier } = newVerifier();
    const page = await fetch(begin(challenge));
    expect(await page.text()).toContain('support@bakery.example');
    const back = await decided(begin(challenge), 'accept');
    expect(`${back.origin}${back.pathname}`).toBe(redirectUri);
    expect(back.searchParams.get('state')).toBe('a&b=c');
    const code = back.searchParams.get('code') ?? '';
    const tokens = await exchangeCode(http, login(), { code, redirectUri, verifier });
    expect(tokens.expiresAtMs).toBeGreaterThan(Date.now() + 3_000_000);
    // A code works once.
    expect(await refusalOf(exchangeCode(http, login(), { code, redirectUri, verifier }))).toMatchObject({
      kind: 'reauthorize',
      providerCode: 'AADSTS54005',
    });
  });

  test('a wrong verifier, another redirect address, a wrong secret: refused, each with its code', async () => {
    const { challenge, verifier } = newVerifier();
    const code = (await decided(begin(challenge), 'accept')).searchParams.get('code') ?? '';
    const other = newVerifier().verifier;
    const codes = [
      await refusalOf(exchangeCode(http, login(), { code, redirectUri, verifier: other })),
      await refusalOf(exchangeCode(http, login(), { code, redirectUri: `${redirectUri}/`, verifier })),
      await refusalOf(
        exchangeCode(http, { ...login(), app: { ...app, secret: 'x' } }, { code, redirectUri, verifier }),
      ),
    ].map(({ providerCode }) => providerCode);
    expect(codes).toEqual(['AADSTS501481', 'AADSTS500112', 'AADSTS7000215']);
  });

  test('nobody is sent to a foreign address, nor for a foreign app', async () => {
    const { challenge } = newVerifier();
    for (const more of [{ redirectUri: 'https://evil.example/x' }, { clientId: 'other' }]) {
      const response = await fetch(`${begin(challenge, more)}&decision=accept`, { redirect: 'manual' });
      expect(response.status).toBe(400);
    }
  });

  test.each([
    ['deny', 'AADSTS65004'],
    ['admin', 'AADSTS90094'],
  ])('%s comes back with %s', async (decision, code) => {
    const back = await decided(begin(newVerifier().challenge), decision);
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('error_description')).toContain(code);
    expect(back.searchParams.has('code')).toBe(false);
  });
});

describe('refresh tokens', () => {
  test('each works once; the grace lets a used one work again', async () => {
    const first = bench.inbox.credentials.refreshToken ?? '';
    const second = await refreshTokens(http, login(), first);
    expect(second.refreshToken).not.toBe(first);
    expect(await refusalOf(refreshTokens(http, login(), first))).toMatchObject({
      kind: 'reauthorize',
      providerCode: 'AADSTS50173',
      message: expect.stringContaining('The password was changed or the access withdrawn.'),
    });
    bench.phone.addFault({ kind: 'refresh_grace', times: 1 });
    const third = await refreshTokens(http, login(), first);
    expect(third.accessToken).not.toBe(second.accessToken);
    await refusalOf(refreshTokens(http, login(), first));
    // The successor is none the worse for it.
    await refreshTokens(http, login(), second.refreshToken);
  });

  test('nothing of a token or the secret is in a refusal', async () => {
    const { message } = await refusalOf(refreshTokens(http, login(), 'made-up-token'));
    expect(message).not.toMatch(/made-up-token|app-secret|Trace ID/);
  });
});
