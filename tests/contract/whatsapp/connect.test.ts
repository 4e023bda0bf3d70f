/** Connecting, disconnecting and probing a number, over a real port. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { ChannelError } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createWhatsappAdapter } from '#channels/whatsapp/adapter.ts';
import { alone } from '../../support/connect-context.ts';
import { metaApp } from '../meta/case-inbox.ts';
import { expired, serveGraph, webhookUrl, type GraphServer } from './graph-server.ts';
import { accessToken, phoneNumberId, wabaId, whatsappInbox } from './inbox.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const adapter = createWhatsappAdapter({ http });
const signal = (): AbortSignal => AbortSignal.timeout(2_000);
let graph: GraphServer;
beforeEach(async () => {
  graph = await serveGraph();
});
afterEach(() => graph.close());
afterAll(() => http.close());

const connect = () => adapter.connect(whatsappInbox(graph.url), webhookUrl, signal(), alone);
const probe = () => adapter.probe(whatsappInbox(graph.url), webhookUrl, signal());
const refused = async (): Promise<ChannelError> => {
  const error: unknown = await connect().catch((reason: unknown) => reason);
  if (!(error instanceof ChannelError)) throw error;
  return error;
};
const callsOf = (method: string): string[] =>
  graph.calls.map(({ call }) => call).filter((call) => call.startsWith(method));
const token = (change: JsonObject): void => {
  const { data } = graph.answers['GET /debug_token'] as { data: JsonObject };
  graph.answers['GET /debug_token'] = { data: { ...data, ...change } };
};

describe('connect', () => {
  test('asks who it is, and subscribes our app to the account', async () => {
    expect(await connect()).toEqual({
      accountKey: phoneNumberId,
      accountLabel: 'Lucky Shrub · +1 555-078-3881',
      credentials: { wabaId, phoneNumberId, accessToken, displayPhoneNumber: '+1 555-078-3881' },
      subscription: `waba/${wabaId}`,
      warnings: [],
    });
    expect(callsOf('POST')).toEqual([`POST /${wabaId}/subscribed_apps`]);
    const debug = graph.calls.find(({ call }) => call === 'GET /debug_token');
    expect([debug?.token, debug?.query.get('input_token')]).toEqual([
      `${metaApp.id}|${metaApp.secret}`,
      accessToken,
    ]);
    for (const { call, query } of graph.calls)
      if (call.includes(wabaId)) expect(query.get('appsecret_proof')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('nobody takes our app off the account between the question and the row', async () => {
    const before: number[] = [];
    const siblings = async (subscription: string): Promise<[]> => {
      expect(subscription).toBe(`waba/${wabaId}`);
      before.push(callsOf('POST').length);
      return [];
    };
    await adapter.connect(whatsappInbox(graph.url), webhookUrl, signal(), { siblings });
    expect([before, callsOf('POST').length]).toEqual([[0], 1]);
  });

  test('the account key is in the credentials', () => {
    expect(adapter.accountKeyOf?.({ wabaId, phoneNumberId, accessToken })).toBe(phoneNumberId);
  });

  test.each<[string, () => void, string, RegExp]>([
    [
      'a token that has ended',
      () => token({ is_valid: false, error: { code: 190, message: 'The session has expired.' } }),
      'reauthorize',
      /session has expired/,
    ],
    ['a token of another app', () => token({ app_id: '999' }), 'permanent', /app 999/],
    [
      'a token without permissions',
      () => token({ scopes: ['whatsapp_business_messaging'] }),
      'reauthorize',
      /whatsapp_business_management/,
    ],
    [
      'a number of another account',
      () => (graph.answers[`GET /${wabaId}/phone_numbers`] = { data: [{ id: '1' }] }),
      'permanent',
      /does not belong to the WhatsApp Business Account 102290129340398/,
    ],
    ['no such number', () => (graph.answers[`GET /${phoneNumberId}`] = expired), 'reauthorize', /expired/],
  ])('%s is refused, in words, before anything is changed', async (_, arrange, kind, words) => {
    arrange();
    const error = await refused();
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain(accessToken);
    expect(callsOf('POST')).toEqual([]);
  });

  test('without an app there is nothing to connect with', async () => {
    const inbox = { ...whatsappInbox(graph.url), apps: {} };
    const connecting = adapter.connect(inbox, webhookUrl, signal(), alone);
    await expect(connecting).rejects.toMatchObject({ kind: 'permanent' });
    expect(graph.calls).toEqual([]);
  });

  test('finds a number on a later page', async () => {
    graph.answers[`GET /${wabaId}/phone_numbers`] = (query: URLSearchParams) =>
      query.get('after') === 'p2'
        ? { data: [{ id: phoneNumberId }] }
        : { data: [{ id: '1' }], paging: { next: 'https://graph/next', cursors: { after: 'p2' } } };
    expect((await connect()).accountKey).toBe(phoneNumberId);
  });

  test.each<[string, () => void, RegExp]>([
    ['a token with an end', () => token({ expires_at: 1_893_456_000 }), /ends on 2030-01-01/],
    [
      'a number that was never registered',
      () =>
        (graph.answers[`GET /${phoneNumberId}`] = {
          id: phoneNumberId,
          platform_type: 'NOT_APPLICABLE',
          code_verification_status: 'NOT_VERIFIED',
        }),
      /never registered/,
    ],
    [
      'an app whose webhook points elsewhere',
      () =>
        (graph.answers[`GET /${metaApp.id}/subscriptions`] = {
          data: [
            {
              object: 'whatsapp_business_account',
              callback_url: 'https://old.example/x?key=1',
              active: true,
            },
          ],
        }),
      /points elsewhere/,
    ],
    [
      'an app without webhook',
      () => (graph.answers[`GET /${metaApp.id}/subscriptions`] = { data: [] }),
      /no webhook for WhatsApp/,
    ],
  ])('%s is a warning', async (_, arrange, words) => {
    arrange();
    expect((await connect()).warnings).toEqual([expect.stringMatching(words)]);
  });
});

describe('disconnect', () => {
  test('the last number takes our app off the account', async () => {
    await adapter.disconnect(whatsappInbox(graph.url), signal(), alone);
    expect(callsOf('DELETE')).toEqual([`DELETE /${wabaId}/subscribed_apps`]);
  });

  test('a sibling keeps it there', async () => {
    const asked: string[] = [];
    await adapter.disconnect(whatsappInbox(graph.url), signal(), {
      siblings: async (subscription) => {
        asked.push(subscription);
        return ['whatsapp'];
      },
    });
    expect([asked, graph.calls]).toEqual([[`waba/${wabaId}`], []]);
  });

  test('a token that is gone has nothing to undo; a failure is told', async () => {
    graph.answers[`DELETE /${wabaId}/subscribed_apps`] = expired;
    await adapter.disconnect(whatsappInbox(graph.url), signal(), alone);
    graph.answers[`DELETE /${wabaId}/subscribed_apps`] = { status: 500, body: {} };
    const failing = adapter.disconnect(whatsappInbox(graph.url), signal(), alone);
    await expect(failing).rejects.toMatchObject({ kind: 'no_answer' });
  });
});

describe('probe', () => {
  test('a healthy number; fields that Meta doesn’t know cost nothing', async () => {
    const { inbound, outbound, facts } = await probe();
    expect([inbound, outbound]).toEqual([{ state: 'ok' }, { state: 'ok' }]);
    expect(facts).toMatchObject({
      tokenValid: true,
      quality: 'GREEN',
      nameStatus: 'APPROVED',
      status: 'CONNECTED',
      canSend: 'AVAILABLE',
      subscribed: true,
      limitTier: null,
    });
    expect(JSON.stringify(facts)).not.toContain(accessToken);
  });

  const number = (change: JsonObject): void => {
    graph.answers[`GET /${phoneNumberId}`] = { id: phoneNumberId, display_phone_number: '+1 555', ...change };
  };
  test.each<[string, () => void, { inbound?: string; outbound?: string }, RegExp]>([
    ['quality RED', () => number({ quality_rating: 'RED' }), { outbound: 'degraded' }, /RED/],
    ['a declined name', () => number({ name_status: 'DECLINED' }), { outbound: 'degraded' }, /DECLINED/],
    ['a restricted number', () => number({ status: 'RESTRICTED' }), { outbound: 'failing' }, /RESTRICTED/],
    [
      'sending blocked',
      () =>
        number({
          health_status: {
            can_send_message: 'BLOCKED',
            entities: [
              {
                entity_type: 'WABA',
                can_send_message: 'BLOCKED',
                errors: [{ error_code: 141_006, error_description: 'A payment method is missing.' }],
              },
            ],
          },
        }),
      { outbound: 'failing' },
      /WABA: A payment method is missing/,
    ],
    [
      'no subscription',
      () => (graph.answers[`GET /${wabaId}/subscribed_apps`] = { data: [{ id: '5' }] }),
      { inbound: 'failing' },
      /not subscribed/,
    ],
    [
      'a webhook without messages',
      () =>
        (graph.answers[`GET /${metaApp.id}/subscriptions`] = {
          data: [
            {
              object: 'whatsapp_business_account',
              callback_url: webhookUrl,
              active: true,
              fields: ['account_update'],
            },
          ],
        }),
      { inbound: 'failing' },
      /messages/,
    ],
    [
      'a token that has ended',
      () => token({ is_valid: false, error: { message: 'The session has expired.' } }),
      { inbound: 'failing', outbound: 'failing' },
      /session has expired/,
    ],
    [
      'a refused call',
      () => (graph.answers[`GET /${phoneNumberId}`] = expired),
      { inbound: 'failing', outbound: 'failing' },
      /expired/,
    ],
    [
      'no answer',
      () => (graph.answers['GET /debug_token'] = { status: 502, body: {} }),
      { inbound: 'unknown', outbound: 'unknown' },
      /502/,
    ],
  ])('%s', async (_, arrange, states, words) => {
    arrange();
    const { inbound, outbound } = await probe();
    expect({ inbound: inbound.state, outbound: outbound.state }).toEqual({
      inbound: 'ok',
      outbound: 'ok',
      ...states,
    });
    const reason = `${inbound.reason ?? ''} ${outbound.reason ?? ''}`;
    expect(reason).toMatch(words);
    expect(reason).not.toContain(accessToken);
  });
});
