/** Microsoft mailboxes over a real database: who may sign in for whom, tokens that several processes want, what Microsoft tells us. */
import { serve, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noFaults, type Faults } from '#activities/faults.ts';
import { createMicrosoftAccounts } from '#activities/microsoft-accounts.ts';
import { ChannelError } from '#channels/contract.ts';
import { isMicrosoftInbox, type MicrosoftInbox } from '#channels/email/microsoft/accounts.ts';
import type { HttpClient } from '#channels/http.ts';
import { connectDatabase, poolOf } from '#db/client.ts';
import { open, seal } from '#db/keyring.ts';
import { toText } from '#domain/flow/path.ts';
import type { JsonObject } from '#domain/json.ts';
import { closedPort } from '../contract/local-server.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { startMicrosoft, type MicrosoftServer } from '../support/microsoft.ts';
import { phoneOf, type Call, type Phone } from '../support/sandbox-phone.ts';

let api: TestApi;
let server: ServerType;
let strict: MicrosoftServer;
beforeAll(async () => {
  const port = await closedPort();
  // Microsoft as it is: takes no notification address without https.
  strict = await startMicrosoft({
    publicUrl: 'https://elsewhere.example',
    deliver: async () => ({ status: 0, body: '' }),
  });
  api = await createTestApi(
    {},
    {
      TELORING_SANDBOX: '1',
      TELORING_EMBEDDED: 'postgres,temporal',
      PORT: String(port),
    },
  );
  server = serve({ fetch: api.app.fetch, port, hostname: '127.0.0.1' });
});
afterAll(async () => {
  server.close();
  await strict.close();
  await api.close();
});

const call: Call = async <Body>(method: string, target: string, body?: unknown) => {
  const response = await api.request(target, { method, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`);
  return JSON.parse(text === '' ? 'null' : text) as Body;
};

let accounts = 0;
interface Connected {
  id: string;
  address: string;
  phone: Phone;
}
async function connect(): Promise<Connected> {
  const digits = `55${(accounts += 1)}`;
  const address = `sandbox-${digits}@microsoft.example`;
  const { id } = await call<{ id: string }>('POST', '/api/inboxes', {
    type: 'email',
    name: address,
    sandbox: true,
    credentials: { kind: 'microsoft', address, refreshToken: `sandbox-refresh-${digits}` },
  });
  return { id, address, phone: phoneOf(call, id) };
}

async function inboxOf(id: string): Promise<MicrosoftInbox> {
  api.deps.inboxes.invalidate(id);
  const inbox = await api.deps.inboxes.byId(id);
  if (!inbox || !isMicrosoftInbox(inbox)) throw new Error('No Microsoft inbox.');
  return inbox;
}
/** As if the access token ended now. */
async function expire(id: string): Promise<MicrosoftInbox> {
  const inbox = await inboxOf(id);
  await storeCredentials(id, { ...inbox.credentials, expiresAtMs: Date.now() - 1 });
  return await inboxOf(id);
}
async function storeCredentials(id: string, credentials: object): Promise<void> {
  const sealed = seal(api.deps.keyring, Buffer.from(JSON.stringify(credentials)), `inbox/${id}`);
  await api.deps.engineDb.updateTable('inboxes').set({ credentials: sealed }).where('id', '=', id).execute();
}
async function storedCredentials(id: string): Promise<JsonObject> {
  const { credentials } = await api.deps.engineDb
    .selectFrom('inboxes')
    .select('credentials')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return JSON.parse(open(api.deps.keyring, credentials, `inbox/${id}`).toString()) as JsonObject;
}
const spent = async (phone: Phone): Promise<number> => (await phone.facts())['spentRefreshTokens'] as number;
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

/** Another process: its own pool, its own memory. */
function otherProcess(faults: Faults = noFaults, http: HttpClient = api.deps.http) {
  const db = connectDatabase({
    databaseUrl: api.database.url,
    role: 'teloring_engine',
    maxConnections: 4,
    applicationName: 'other',
  });
  const { keyring } = api.deps;
  return {
    accounts: createMicrosoftAccounts({ pool: poolOf(db), keyring, http, faults }),
    close: () => db.destroy(),
  };
}
const kindOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'fulfilled',
    (error: unknown) => (error instanceof ChannelError ? error.kind : error),
  );

describe('tokens', () => {
  test('two processes that renew at once use the refresh token once, and both have what is stored', async () => {
    const { id, phone } = await connect();
    const before = await spent(phone);
    const inbox = await expire(id);
    const processes = [otherProcess(), otherProcess()];
    const tokens = await Promise.all(
      processes.flatMap((each) =>
        Array.from({ length: 5 }, () => each.accounts.accessToken(inbox, { signal: signal() })),
      ),
    );
    expect(new Set(tokens).size).toBe(1);
    expect((await storedCredentials(id))['accessToken']).toBe(tokens[0]);
    expect(await spent(phone)).toBe(before + 1);
    await Promise.all(processes.map((each) => each.close()));
  });

  test('a refused token is renewed once, however many calls it was refused to', async () => {
    const { id, phone } = await connect();
    const inbox = await inboxOf(id);
    const before = await spent(phone);
    const refused = inbox.credentials.accessToken ?? '';
    const first = await api.deps.accounts.accessToken(inbox, { signal: signal(), refused });
    expect(first).not.toBe(refused);
    // A call that was refused the same token a little later gets what is there.
    expect(await api.deps.accounts.accessToken(inbox, { signal: signal(), refused })).toBe(first);
    expect(await spent(phone)).toBe(before + 1);
  });

  test('dying between Microsoft’s answer and our commit: its grace saves the access, without it only a sign-in', async () => {
    const { id, phone } = await connect();
    const dies: Faults = {
      armed: () => false,
      at: (point) => {
        if (point === 'token.answered') throw new Error('died');
      },
    };
    const dying = otherProcess(dies);
    const inbox = await expire(id);
    const { refreshToken } = await storedCredentials(id);
    await expect(dying.accounts.accessToken(inbox, { signal: signal() })).rejects.toThrow('died');
    expect((await storedCredentials(id))['refreshToken']).toBe(refreshToken);
    await phone.fault({ kind: 'refresh_grace', times: 1 });
    expect(await kindOf(api.deps.accounts.accessToken(inbox, { signal: signal() }))).toBe('fulfilled');
    expect((await storedCredentials(id))['refreshToken']).not.toBe(refreshToken);

    const again = await expire(id);
    await expect(dying.accounts.accessToken(again, { signal: signal() })).rejects.toThrow('died');
    expect(await kindOf(api.deps.accounts.accessToken(again, { signal: signal() }))).toBe('reauthorize');
    await dying.close();
  });

  test('whoever signed in anew meanwhile keeps their access; what was sealed anew is replaced', async () => {
    const { id } = await connect();
    const inbox = await expire(id);
    /** Microsoft has answered, and somebody changes the row before we have stored that. */
    const before = (edit: (credentials: JsonObject) => JsonObject) =>
      otherProcess(noFaults, {
        ...api.deps.http,
        request: async (request) => {
          const response = await api.deps.http.request(request);
          await storeCredentials(id, edit(await storedCredentials(id)));
          return response;
        },
      });
    const resealing = before((same) => same);
    const token = await resealing.accounts.accessToken(inbox, { signal: signal() });
    expect((await storedCredentials(id))['accessToken']).toBe(token);
    await resealing.close();

    const late = await expire(id);
    const theirs = { refreshToken: 'of-a-new-sign-in', accessToken: 'theirs' };
    const signing = before((own) => ({ ...own, ...theirs, expiresAtMs: Date.now() + 3_600_000 }));
    await signing.accounts.accessToken(late, { signal: signal() });
    expect(await storedCredentials(id)).toMatchObject(theirs);
    await signing.close();
  });

  test('where Microsoft can’t be asked, a token that is good for a while is used', async () => {
    const { id } = await connect();
    const inbox = await inboxOf(id);
    const unreachable = { ...inbox.urls, microsoftLogin: `http://127.0.0.1:${await closedPort()}` };
    const soon = { ...inbox.credentials, expiresAtMs: Date.now() + 120_000 };
    await storeCredentials(id, soon);
    const given = { ...inbox, urls: unreachable, credentials: soon };
    expect(await api.deps.accounts.accessToken(given, { signal: signal() })).toBe(soon.accessToken);
    const over = { ...given, credentials: { ...soon, expiresAtMs: Date.now() + 1_000 } };
    expect(await kindOf(api.deps.accounts.accessToken(over, { signal: signal() }))).toBe('not_sent');
  });
});

describe('signing in', () => {
  const begin = async (cookie: string | undefined, body: object = {}): Promise<string> => {
    const response = await api.request('/api/oauth/microsoft/authorize', {
      body: { name: 'X', sandbox: true, ...body },
      ...(cookie === undefined ? {} : { cookie }),
    });
    expect(response.status).toBe(200);
    return ((await response.json()) as { url: string }).url;
  };
  const decide = async (url: string): Promise<string> => {
    const address = `signed${(accounts += 1)}@bakery.example`;
    const { pathname, search } = new URL(url);
    const dialog = await api.request(`${pathname}${search}&decision=accept&other=${address}`, {
      as: 'nobody',
    });
    const { pathname: path, search: query } = new URL(dialog.headers.get('location') ?? '');
    return `${path}${query}`;
  };
  const come = (path: string, cookie: string) => api.request(path, { cookie });

  test('is for who began it: not for another admin, nor for another workspace’s, nor for who may not connect', async () => {
    const [own, agent, foreign] = await Promise.all([
      api.signIn('admin'),
      api.signIn('agent'),
      api.signIn('admin', api.other),
    ]);
    await api.deps.engineDb
      .updateTable('members')
      .set({ role: 'admin' })
      .where('user_id', '=', api.workspace.users.builder)
      .execute();
    const colleague = await api.signIn('builder');
    const path = await decide(await begin(own));
    for (const cookie of [agent, colleague, foreign]) expect((await come(path, cookie)).status).toBe(400);
    // Nobody's trying used it up.
    expect((await come(path, own)).status).toBe(303);
    expect((await come(path, own)).status).toBe(400);
  });

  test('begun with an API key, it is finished by an admin of that workspace', async () => {
    const path = await decide(await begin(undefined));
    expect((await come(path, await api.signIn('admin', api.other))).status).toBe(400);
    const done = await come(path, await api.signIn('admin'));
    expect(done.status).toBe(303);
    expect(done.headers.get('location')).toContain(`/w/${api.workspace.slug}/ring/email/`);
  });

  test('the state, the verifier and the code are stored nowhere readable, and the log knows none', async () => {
    const url = new URL(await begin(undefined));
    const state = url.searchParams.get('state') ?? '';
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    const { rows } = await poolOf(api.deps.engineDb).query<{ t: string }>(
      'select oauth_states::text as t from oauth_states',
    );
    expect(rows.map(({ t }) => t).join()).not.toContain(state);
    const path = await decide(url.href);
    await come(path, await api.signIn('admin'));
    const code = new URL(path, 'http://x').searchParams.get('code') ?? 'none';
    expect(api.logLines.join()).not.toContain(code);
  });

  test('of another workspace’s inbox, of one that is none of Microsoft’s: refused', async () => {
    const { id } = await connect();
    const foreign = await api.request('/api/oauth/microsoft/authorize', {
      body: { inboxId: id },
      cookie: await api.signIn('admin', api.other),
    });
    expect(foreign.status).toBe(404);
    const { inbox } = await call<{ inbox: { id: string } }>('POST', '/api/inboxes', {
      type: 'api',
      name: 'API',
      credentials: { callbackUrl: 'http://127.0.0.1:9/x' },
    });
    expect(
      (await api.request('/api/oauth/microsoft/authorize', { body: { inboxId: inbox.id } })).status,
    ).toBe(422);
  });
});

describe('what Microsoft tells us', () => {
  const post = (value: unknown[]) => api.request('/webhooks/microsoft', { as: 'nobody', body: { value } });
  const dirty = async (id: string): Promise<boolean> => {
    const row = await api.deps.engineDb
      .selectFrom('mailboxes')
      .select('dirty_at')
      .where('inbox_id', '=', id)
      .executeTakeFirst();
    return row?.dirty_at != null;
  };
  const clean = (id: string) =>
    api.deps.engineDb.updateTable('mailboxes').set({ dirty_at: null }).where('inbox_id', '=', id).execute();

  test('a hint with the right secret marks its mailbox; a wrong one marks nothing; mixed, each for itself', async () => {
    const [one, two] = [await connect(), await connect()];
    await Promise.all([clean(one.id), clean(two.id)]);
    const clientState = toText((await storedCredentials(one.id))['clientState']);
    expect((await post([{ clientState }])).status).toBe(202);
    expect(await dirty(one.id)).toBe(true);
    await clean(one.id);
    const swapped = clientState.replace(one.id, two.id);
    for (const forged of [swapped, `${clientState}x`, clientState.slice(0, -1), '', one.id])
      expect((await post([{ clientState: forged }])).status).toBe(401);
    expect([await dirty(one.id), await dirty(two.id)]).toEqual([false, false]);
    expect((await post([{ clientState: swapped }, { clientState }])).status).toBe(202);
    expect([await dirty(one.id), await dirty(two.id)]).toEqual([true, false]);
    expect(api.logLines.join()).not.toContain(clientState);
  });

  test('of a subscription’s life: noted for the one we have, and its workflow is woken; of one before it, only looked into', async () => {
    const { id } = await connect();
    const clientState = toText((await storedCredentials(id))['clientState']);
    const read = () =>
      api.deps.engineDb
        .selectFrom('microsoft_subscriptions')
        .selectAll()
        .where('inbox_id', '=', id)
        .executeTakeFirstOrThrow();
    const { subscription_id: subscriptionId, check_at: checkAt } = await read();
    await clean(id);
    await post([{ clientState, subscriptionId: 'an-earlier-one', lifecycleEvent: 'subscriptionRemoved' }]);
    expect(await read()).toMatchObject({ subscription_id: subscriptionId, check_at: checkAt });
    expect(await dirty(id)).toBe(true);
    await post([{ clientState, subscriptionId, lifecycleEvent: 'reauthorizationRequired' }]);
    expect(await read()).toMatchObject({ subscription_id: subscriptionId, reauthorize: true });
    await post([{ clientState, subscriptionId, lifecycleEvent: 'subscriptionRemoved' }]);
    expect((await read()).subscription_id).toBeNull();
    expect(api.engineCalls).toContainEqual({ call: 'keepSubscription', input: id });
    // A look makes another; what is said while it goes on leaves it due.
    expect(await api.deps.keepMailSubscription(id)).toMatchObject({ kind: 'sleep', problem: null });
    expect((await read()).subscription_id).not.toBe(subscriptionId);
  });

  test('of an inbox that is gone: taken, and nothing is done; a look forgets it', async () => {
    const { id } = await connect();
    const clientState = toText((await storedCredentials(id))['clientState']);
    await call('DELETE', `/api/inboxes/${id}`);
    api.deps.inboxes.invalidate(id);
    expect((await post([{ clientState }])).status).toBe(202);
    expect(await api.deps.keepMailSubscription(id)).toEqual({ kind: 'gone' });
  });

  test('what is no notification, or far too much, is refused', async () => {
    for (const body of [
      '{',
      '[]',
      '{"value":5}',
      JSON.stringify({ value: Array.from({ length: 6_000 }, () => ({})) }),
    ]) {
      const response = await api.request('/webhooks/microsoft', {
        as: 'nobody',
        body,
        headers: { 'content-type': 'application/json' },
      });
      expect(response.status).toBe(400);
    }
    const long = await api.request(`/webhooks/microsoft?validationToken=${'x'.repeat(5_000)}`, {
      as: 'nobody',
      method: 'POST',
    });
    expect(long.status).toBe(400);
  });
});

test('where Microsoft can’t reach us the inbox is connected all the same, says so, and is looked into every minute', async () => {
  const real = await createTestApi({}, strict.env);
  try {
    const response = await real.request('/api/inboxes', {
      body: {
        type: 'email',
        name: 'Local',
        credentials: {
          kind: 'microsoft',
          address: 'sandbox-999@microsoft.example',
          refreshToken: 'sandbox-refresh-999',
        },
      },
    });
    expect(response.status).toBe(201);
    const { id, warnings } = (await response.json()) as { id: string; warnings: string[] };
    expect(warnings).toEqual([
      expect.stringMatching(/looked for once a minute.*PUBLIC_URL is http:.*must use https/s),
    ]);
    const row = await real.deps.engineDb
      .selectFrom('mailboxes')
      .select('kind')
      .where('inbox_id', '=', id)
      .executeTakeFirst();
    expect(row).toEqual({ kind: 'microsoft' });
    const probed = (await (await real.request(`/api/inboxes/${id}/probe`, { method: 'POST' })).json()) as {
      inbox: { inbound: { state: string; reason?: string } };
    };
    expect(probed.inbox.inbound).toMatchObject({
      state: 'ok',
      reason: expect.stringContaining('once a minute'),
    });
  } finally {
    await real.close();
  }
});
