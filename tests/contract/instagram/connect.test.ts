import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ChannelType } from '#domain/channel.ts';
import type { ConnectContext } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import type { InstagramInbox } from '#channels/instagram/call.ts';
import type { InstagramCredentials } from '#channels/instagram/definition.ts';
import { refreshInstagramToken, tokenState } from '#channels/instagram/token.ts';
import { createInstagramDmAdapter } from '#channels/instagram_dm/adapter.ts';
import { createInstagramPostsAdapter } from '#channels/instagram_posts/adapter.ts';
import { instagramFields, pageFields, union } from '#channels/meta/fields.ts';
import {
  accountId,
  byFacebook,
  byInstagram,
  instagramInbox,
  metaApp,
  pageId,
  refusal,
  scopedId,
} from './account.ts';
import { graphServer } from './graph-server.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const dm = createInstagramDmAdapter({ http });
const posts = createInstagramPostsAdapter({ http });
const signal = AbortSignal.timeout(30_000);
const webhookUrl = 'https://teloring.example/webhooks/meta';
const siblings = (...types: ChannelType[]) => ({
  siblings: vi.fn<ConnectContext['siblings']>(async () => types),
});
type Server = Awaited<ReturnType<typeof graphServer>>;
let server: Server | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await server?.close();
  server = undefined;
});
afterAll(() => http.close());

async function at(
  credentials: InstagramCredentials,
  answers: Parameters<typeof graphServer>[0],
  type: 'instagram_dm' | 'instagram_posts' = 'instagram_dm',
): Promise<{ inbox: InstagramInbox; calls: Server['calls'] }> {
  server = await graphServer(answers);
  return { inbox: instagramInbox(type, credentials, { baseUrl: server.url }), calls: server.calls };
}
const fieldsOf = (body: unknown): string[] =>
  (body as { subscribed_fields: string }).subscribed_fields.split(',').toSorted();

describe('Instagram Login', () => {
  const { scopedId: _1, username: _2, tokenExpiresAt: _3, ...entered } = byInstagram;
  const me = { id: scopedId, user_id: accountId, username: 'blue.shop', account_type: 'BUSINESS' };
  const subscribe = `POST /${accountId}/subscribed_apps`;
  const unsubscribe = `DELETE /${accountId}/subscribed_apps`;

  test('stores who the account is, and subscribes it to what all its inboxes need', async () => {
    const { inbox, calls } = await at(entered, { 'GET /me': me, [subscribe]: { success: true } });
    const context = siblings('instagram_posts');
    const connected = await dm.connect(inbox, webhookUrl, signal, context);
    expect(connected).toMatchObject({
      accountKey: accountId,
      accountLabel: '@blue.shop',
      subscription: `instagram/${accountId}`,
      credentials: {
        ...entered,
        scopedId,
        username: 'blue.shop',
        tokenExpiresAt: expect.stringMatching(/^\d{4}-/),
      },
      warnings: [],
    });
    const daysLeft = (Date.parse(connected.credentials.tokenExpiresAt ?? '') - Date.now()) / 86_400_000;
    expect(daysLeft).toBeGreaterThan(59);
    expect(daysLeft).toBeLessThan(61);
    expect(context.siblings).toHaveBeenCalledWith(`instagram/${accountId}`);
    expect(calls.map(({ what, host, token }) => [what, host, token])).toEqual([
      ['GET /me', 'instagram', entered.accessToken],
      [subscribe, 'instagram', entered.accessToken],
    ]);
    expect(fieldsOf(calls[1]?.body)).toEqual(
      [...instagramFields.instagram_dm, ...instagramFields.instagram_posts].toSorted(),
    );
  });

  test('takes the id for this app for the account’s own, in whichever form it comes', async () => {
    const { inbox } = await at(
      { ...entered, instagramUserId: scopedId },
      { 'GET /me': { ...me, user_id: accountId }, [subscribe]: { success: true } },
    );
    const { accountKey, credentials } = await posts.connect(inbox, webhookUrl, signal, siblings());
    expect([accountKey, credentials.instagramUserId]).toEqual([accountId, accountId]);
  });

  test('refuses another account’s token before it changes anything', async () => {
    const { inbox, calls } = await at(entered, { 'GET /me': { ...me, user_id: '999', id: '888' } });
    await expect(dm.connect(inbox, webhookUrl, signal, siblings())).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining(`@blue.shop), not to ${accountId}`),
    });
    expect(calls).toHaveLength(1);
  });

  test('says so in the provider’s words where the token is none', async () => {
    const { inbox } = await at(entered, { 'GET /me': { status: 400, body: refusal(190) } });
    await expect(dm.connect(inbox, webhookUrl, signal, siblings())).rejects.toMatchObject({
      kind: 'reauthorize',
      message: expect.stringContaining('The provider'),
    });
  });

  test('warns where no app could check the signatures, and of a personal account', async () => {
    const answers = { 'GET /me': { ...me, account_type: 'PERSONAL' }, [subscribe]: { success: true } };
    const { inbox } = await at(entered, answers);
    const { warnings } = await dm.connect({ ...inbox, apps: {} }, webhookUrl, signal, siblings());
    expect(warnings).toEqual([expect.stringMatching(/no Instagram app/), expect.stringMatching(/personal/)]);
  });

  test('leaves the sibling its fields, or nothing', async () => {
    const { inbox, calls } = await at(byInstagram, {
      [subscribe]: { success: true },
      [unsubscribe]: { success: true },
    });
    await dm.disconnect(inbox, signal, siblings('instagram_posts'));
    await dm.disconnect(inbox, signal, siblings());
    expect(calls.map(({ what }) => what)).toEqual([subscribe, unsubscribe]);
    expect(fieldsOf(calls[0]?.body)).toEqual(instagramFields.instagram_posts.toSorted());
  });

  test('a token that is gone has nothing to undo; anything else is said', async () => {
    const gone = await at(byInstagram, { [unsubscribe]: { status: 400, body: refusal(190, 460) } });
    await dm.disconnect(gone.inbox, signal, siblings());
    await server?.close();
    const busy = await at(byInstagram, { [unsubscribe]: { status: 400, body: refusal(4) } });
    await expect(dm.disconnect(busy.inbox, signal, siblings())).rejects.toMatchObject({
      kind: 'retry_after',
    });
  });

  describe('probe', () => {
    const subscribed = (fields: readonly string[]) => ({ data: [{ subscribed_fields: [...fields] }] });
    const list = `GET /${accountId}/subscribed_apps`;
    const probe = async (
      answers: Parameters<typeof graphServer>[0],
      credentials: InstagramCredentials = byInstagram,
    ) => {
      const { inbox } = await at(credentials, answers);
      return await dm.probe(inbox, webhookUrl, signal);
    };
    const well = { 'GET /me': me, [list]: subscribed(instagramFields.instagram_dm) };
    beforeEach(() => {
      vi.useFakeTimers({ now: Date.parse('2026-11-22T20:00:00Z'), toFake: ['Date'] });
    });

    test('fine', async () => {
      expect(await probe(well)).toMatchObject({
        inbound: { state: 'ok' },
        outbound: { state: 'ok' },
        facts: { username: 'blue.shop', tokenExpiresAt: byInstagram.tokenExpiresAt },
      });
    });
    test('a token that ends in less than ten days', async () => {
      const soon = { ...byInstagram, tokenExpiresAt: '2026-11-30T20:00:00.000Z' };
      const found = await probe(well, soon);
      const health = { state: 'degraded', reason: expect.stringContaining('in 8 days (on 2026-11-30)') };
      expect(found).toMatchObject({ inbound: health, outbound: health });
    });
    test('a subscription that lacks fields, or is gone', async () => {
      expect(await probe({ ...well, [list]: subscribed(['comments']) })).toMatchObject({
        inbound: { state: 'degraded', reason: expect.stringContaining('messages') },
        outbound: { state: 'ok' },
      });
      await server?.close();
      expect(await probe({ ...well, [list]: { data: [] } })).toMatchObject({
        inbound: { state: 'failing', reason: expect.stringContaining('not subscribed') },
      });
    });
    test('a refused token fails; a busy provider says nothing', async () => {
      const refused = { 'GET /me': { status: 400, body: refusal(190, 463) } };
      expect(await probe(refused)).toMatchObject({
        inbound: { state: 'failing' },
        outbound: { state: 'failing' },
      });
      await server?.close();
      expect(await probe({ 'GET /me': { status: 400, body: refusal(4) } })).toMatchObject({
        inbound: { state: 'unknown' },
        outbound: { state: 'unknown' },
      });
    });
  });
});

describe('Facebook Login', () => {
  const { username: _1, pageId: _2, ...entered } = byFacebook;
  const me = {
    id: pageId,
    name: 'Blue Shop',
    instagram_business_account: { id: accountId, username: 'blue.shop' },
  };
  const scopes = ['instagram_basic', 'instagram_manage_messages', 'pages_manage_metadata'];
  const token = {
    data: { is_valid: true, app_id: metaApp.id, type: 'PAGE', profile_id: pageId, expires_at: 0, scopes },
  };
  const answers = {
    'GET /me': me,
    'GET /debug_token': token,
    [`GET /${pageId}`]: { id: pageId, name: 'Blue Shop' },
    [`POST /${pageId}/subscribed_apps`]: { success: true },
    [`DELETE /${pageId}/subscribed_apps`]: { success: true },
  };

  test('finds the Page, keeps it, and subscribes it for everything that hangs on it', async () => {
    const { inbox, calls } = await at(entered, answers);
    const context = siblings('messenger', 'instagram_posts');
    const connected = await dm.connect(inbox, webhookUrl, signal, context);
    expect(connected).toEqual({
      accountKey: accountId,
      accountLabel: '@blue.shop',
      subscription: `page/${pageId}`,
      credentials: { ...entered, pageId, username: 'blue.shop' },
      warnings: [],
    });
    expect(context.siblings).toHaveBeenCalledWith(`page/${pageId}`);
    expect(calls.every(({ host }) => host === 'facebook')).toBe(true);
    expect(calls[0]?.query['appsecret_proof']).toMatch(/^[0-9a-f]{64}$/);
    expect(fieldsOf(calls.at(-1)?.body)).toEqual(
      union(['messenger', 'instagram_posts', 'instagram_dm'], pageFields).toSorted(),
    );
  });

  test('refuses a Page of another account, and a person’s token', async () => {
    const other = await at(entered, { 'GET /me': { ...me, instagram_business_account: { id: '999' } } });
    await expect(dm.connect(other.inbox, webhookUrl, signal, siblings())).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining(`999, not to ${accountId}`),
    });
    await server?.close();
    const persons = await at(entered, { 'GET /me': { status: 400, body: refusal(100) } });
    await expect(dm.connect(persons.inbox, webhookUrl, signal, siblings())).rejects.toMatchObject({
      message: expect.stringMatching(/provider.*Page's own, not the person's/),
    });
    expect(persons.calls).toHaveLength(1);
  });

  test('leaves the Page what the others need', async () => {
    const { inbox, calls } = await at(byFacebook, answers);
    await dm.disconnect(inbox, signal, siblings('messenger'));
    await dm.disconnect(inbox, signal, siblings());
    expect(calls.map(({ what }) => what.split(' ')[0])).toEqual(['POST', 'DELETE']);
    expect(fieldsOf(calls[0]?.body)).toEqual(union(['messenger'], pageFields).toSorted());
  });

  test('probe asks for the app’s webhook for Instagram', async () => {
    const { inbox } = await at(byFacebook, {
      ...answers,
      [`GET /${pageId}/subscribed_apps`]: {
        data: [{ id: metaApp.id, subscribed_fields: [...pageFields.instagram_dm] }],
      },
      [`GET /${metaApp.id}/subscriptions`]: {
        data: [{ object: 'page', callback_url: webhookUrl, active: true }],
      },
    });
    expect(await dm.probe(inbox, webhookUrl, signal)).toMatchObject({
      inbound: { state: 'failing', reason: expect.stringContaining(webhookUrl) },
      outbound: { state: 'ok' },
    });
  });
});

describe('tokens', () => {
  const now = Date.parse('2026-11-22T00:00:00Z');
  test.each([
    ['2027-01-10T00:00:00.000Z', 'fine'],
    ['2026-12-02T00:00:00.000Z', 'fine'],
    ['2026-12-01T23:59:59.000Z', 'refresh_due'],
    ['2026-11-22T00:00:01.000Z', 'refresh_due'],
    ['2026-11-22T00:00:00.000Z', 'ended'],
    [undefined, 'lasting'],
  ])('until %s: %s', (tokenExpiresAt, kind) => {
    expect(tokenState({ ...byInstagram, tokenExpiresAt }, now).kind).toBe(kind);
    expect(tokenState({ ...byFacebook, tokenExpiresAt }, now).kind).toBe('lasting');
  });

  test('renewing gives the new token and its end', async () => {
    const answer = { access_token: 'IGAAnew', token_type: 'bearer', expires_in: 5_183_944 };
    const { inbox, calls } = await at(byInstagram, { 'GET /refresh_access_token': answer });
    const { accessToken, tokenExpiresAt = '' } = await refreshInstagramToken(http, inbox, signal);
    expect(accessToken).toBe('IGAAnew');
    expect(Math.abs(Date.parse(tokenExpiresAt) - Date.now() - 5_183_944_000)).toBeLessThan(10_000);
    expect(calls[0]).toMatchObject({
      host: 'instagram',
      query: { grant_type: 'ig_refresh_token', access_token: byInstagram.accessToken },
    });
  });

  test('one that has ended needs a new login, and a Page’s is not renewed', async () => {
    const { inbox } = await at(byInstagram, {
      'GET /refresh_access_token': { status: 400, body: refusal(190, 463) },
    });
    await expect(refreshInstagramToken(http, inbox, signal)).rejects.toMatchObject({ kind: 'reauthorize' });
    const page = instagramInbox('instagram_dm', byFacebook);
    await expect(refreshInstagramToken(http, page, signal)).rejects.toMatchObject({ kind: 'permanent' });
  });
});
