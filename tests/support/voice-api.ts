/** A test API with a voice inbox of each provider, Twilio's webhooks as it signs them, and what its API was asked. */
import { expect } from 'vitest';
import twilio from 'twilio';
import { identityOf } from '#channels/voice/inbox.ts';
import { readTwiml, type Element } from '#channels/voice/sandbox/xml.ts';
import { twilioSignature } from '#channels/sms/signature.ts';
import { poolOf } from '#db/client.ts';
import { serveHttp } from '../contract/local-server.ts';
import { createTestApi, type TestApi } from './api.ts';
import { connectAccount } from './meta.ts';

export const own = '+12025550100';
export const caller = '+14155550199';
export const account = 'AC0123456789abcdef0123456789abcdef';
export const authToken = 'the auth token of it';
export const publicUrl = 'https://public.example';

export interface Hooked {
  status: number;
  verbs: Element[];
  type: string | null;
}
// oxlint-disable-next-line typescript/no-explicit-any -- a test's look at JSON of many shapes
export type Seen = { status: number; body: any };
type Row = Record<string, unknown>;

export interface VoiceApi {
  api: TestApi;
  inboxId: string;
  sipId: string;
  /** Cookies of signed-in members. */
  agent: string;
  admin: string;
  agentId: string;
  /** What Twilio's API was asked, and what it answers from now on. */
  asked: { method: string; path: string; form: URLSearchParams }[];
  answer(status: number, body: object): void;
  rows<Found extends Row = Row>(sql: string, values?: unknown[]): Promise<Found[]>;
  /** Twilio posts to a place of the inbox, signed (by another token where one is named). */
  hook(
    place: string,
    fields: Record<string, string>,
    options?: { query?: Record<string, string>; token?: string },
  ): Promise<Hooked>;
  incoming(sid: string): Promise<Hooked>;
  /** The held caller's next question. */
  next(sid: string): Promise<Hooked>;
  as(cookie: string, method: string, path: string, body?: unknown): Promise<Seen>;
  callOf(threadKey: string): Promise<Row>;
  online(): Promise<Seen>;
  place(to?: string): Promise<{ callId: string; conversationId: string }>;
  /** The agent's phone asks Twilio to dial, and Twilio asks us. */
  dial(callId: string, more?: Record<string, string>): Promise<Hooked>;
  /** Nobody there, no call going on. */
  calm(): Promise<void>;
  close(): Promise<void>;
}

let sids = 0;
export const newSid = (): string => `CA${String((sids += 1)).padStart(32, '0')}`;
export const names = ({ verbs }: Pick<Hooked, 'verbs'>): string[] => verbs.map(({ name }) => name);

export async function createVoiceApi(): Promise<VoiceApi> {
  const asked: VoiceApi['asked'] = [];
  const usual = { status: 200, body: { sid: 'CA1', status: 'in-progress' } as object };
  let answers = usual;
  const provider = await serveHttp(({ method, path, body }, response) => {
    asked.push({ method, path, form: new URLSearchParams(body.toString()) });
    const { status, body: json } = answers;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  });
  const api = await createTestApi({}, { PUBLIC_URL: publicUrl, TWILIO_API_URL: provider.url });
  const inboxId = await connectAccount(api, {
    type: 'voice',
    accountKey: own,
    credentials: {
      provider: 'twilio',
      accountSid: account,
      authToken,
      apiKeySid: 'SK0123456789abcdef0123456789abcdef',
      apiKeySecret: 'the secret of the key',
      phoneNumber: own,
      applicationSid: 'AP0123456789abcdef0123456789abcdef',
      webhookUrl: `${publicUrl}/webhooks/twilio/unknown`,
    },
  });
  const sipId = await connectAccount(api, {
    type: 'voice',
    accountKey: 'sip:desk@pbx.example',
    credentials: {
      provider: 'sip',
      wsUrl: 'wss://pbx.example/ws',
      domain: 'pbx.example',
      username: 'desk',
      password: 'the password of it',
      phoneNumber: own,
      iceServers: ['stun:stun.example', 'turn:user:secret@turn.example:3478'],
    },
  });
  const agent = await api.signIn('agent');
  const admin = await api.signIn('admin');
  const agentId = api.workspace.users.agent;
  const rows: VoiceApi['rows'] = async <Found extends Row = Row>(sql: string, values: unknown[] = []) =>
    (await poolOf(api.database.engine).query<Found>(sql, values)).rows;
  const as: VoiceApi['as'] = async (cookie, method, path, body) => {
    const answer = await api.request(path, {
      cookie,
      method,
      ...(body === undefined ? {} : { body }),
      headers: { origin: publicUrl },
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  const hook: VoiceApi['hook'] = async (place, fields, options = {}) => {
    const query = options.query ? `?${new URLSearchParams(options.query).toString()}` : '';
    const path = `/webhooks/twilio/${inboxId}/${place}${query}`;
    const all = { AccountSid: account, ApiVersion: '2010-04-01', ...fields };
    const signature = twilioSignature(options.token ?? authToken, publicUrl + path, Object.entries(all));
    // What signs here is what Twilio's own library takes for signed.
    if (!options.token)
      expect(twilio.validateRequest(authToken, signature, publicUrl + path, all)).toBe(true);
    const answer = await api.request(path, {
      as: 'nobody',
      body: new URLSearchParams(all).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
    });
    const text = await answer.text();
    return {
      status: answer.status,
      verbs: answer.status === 200 ? readTwiml(text) : [],
      type: answer.headers.get('content-type'),
    };
  };
  return {
    api,
    inboxId,
    sipId,
    agent,
    admin,
    agentId,
    asked,
    answer: (status, body) => void (answers = { status, body }),
    rows,
    hook,
    incoming: (sid) =>
      hook('voice', { CallSid: sid, From: caller, To: own, CallStatus: 'ringing', Direction: 'inbound' }),
    next: (sid) =>
      hook(
        'hold',
        { CallSid: sid, From: caller, To: own, CallStatus: 'in-progress' },
        { query: { call: sid, who: caller } },
      ),
    as,
    callOf: async (threadKey) =>
      (await rows('select * from calls where thread_key = $1', [threadKey]))[0] ?? {},
    online: () => as(agent, 'PUT', '/api/presence', { status: 'online' }),
    async place(to = '+14155550123') {
      const { status, body } = await as(agent, 'POST', `/api/voice/${inboxId}/calls`, {
        to,
        clientCallId: newSid(),
      });
      expect([status, body.error]).toEqual([201, undefined]);
      return body as { callId: string; conversationId: string };
    },
    dial: (callId, more = {}) =>
      hook('app', {
        CallSid: newSid(),
        From: `client:${identityOf(agentId)}`,
        To: '',
        CallStatus: 'ringing',
        callId,
        ...more,
      }),
    async calm() {
      asked.length = 0;
      answers = usual;
      await rows('delete from presences');
      await rows("update calls set state = 'ended', ringing = '{}', wrap_up_until = null, agent_id = null");
    },
    async close() {
      await api.close();
      await provider.close();
    },
  };
}
