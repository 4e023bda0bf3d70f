/**
 * The HTTP side over a test database, without a socket: `api.request(path, …)` as any role. The real Postgres, auth and routes;
 * of the engine only the calls are recorded, for workflows have tests of their own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { noFaults } from '#activities/faults.ts';
import { keepMailSubscription } from '#activities/mail-subscription.ts';
import { createMicrosoftAccounts } from '#activities/microsoft-accounts.ts';
import { createHttpClient } from '#channels/http.ts';
import { createMediaStore } from '#channels/media-store.ts';
import { definitions } from '#channels/definitions.ts';
import { createRegistry } from '#channels/registry.ts';
import { createApiKey } from '#db/api-keys.ts';
import { inWorkspace, poolOf } from '#db/client.ts';
import { createInboxCache } from '#db/inbox-cache.ts';
import { createKeyring } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { ROLES, type Role } from '#domain/roles.ts';
import { createApp, type ApiDeps } from '../../api/app.ts';
import { createAuth } from '../../api/auth/auth.ts';
import { createAccount } from '../../api/auth/accounts.ts';
import { loadConfig, resolveProviderUrls } from '../../api/config.ts';
import { emailDeployment } from '../../api/email/deployment.ts';
import type { Engine } from '../../api/engine.ts';
import { createFeed } from '../../api/feed.ts';
import { visitorKeys } from '../../api/live-chat/visitors.ts';
import { createLog } from '../../api/log.ts';
import { appsOf } from '../../api/provider-apps.ts';
import { createTypingBus, tellAgentTyping } from '../../api/typing.ts';
import { createVoiceDesk } from '../../api/voice/desk.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export interface EngineCall {
  call: keyof Engine;
  input: unknown;
}
export interface TestWorkspace {
  id: string;
  slug: string;
  /** User ids. */
  users: Record<Role, string>;
  /** An API key of each role. */
  keys: Record<Role, string>;
}
export interface TestApi {
  deps: ApiDeps;
  app: ReturnType<typeof createApp>;
  database: TestDatabase;
  /** Every line the server logged. */
  logLines: string[];
  /** What routes asked of the engine, in order. */
  engineCalls: EngineCall[];
  /** The first workspace: one member and one API key of each role. */
  workspace: TestWorkspace;
  /** A second workspace, for I9. */
  other: TestWorkspace;
  /** As an API key of this role in `workspace` (or with `key`); JSON in `body` is sent as JSON. */
  request(pathname: string, options?: TestRequest): Promise<Response>;
  /** Signs in with a password; the cookie header to send from then on. */
  signIn(role: Role, workspace?: TestWorkspace): Promise<string>;
  createWorkspace(slug: string): Promise<TestWorkspace>;
  close(): Promise<void>;
}
export interface TestRequest {
  method?: string;
  as?: Role | 'nobody';
  key?: string;
  cookie?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** The address it comes from. */
  from?: string;
}

export const TEST_PASSWORD = 'correct horse battery';
export const testEmail = (role: Role, slug: string): string => `${role}@${slug}.test`;

export async function createTestApi(
  overrides: Partial<ApiDeps> = {},
  env: Record<string, string> = {},
): Promise<TestApi> {
  const database = await createTestDatabase();
  const { temporalAddress } = inject('services');
  const home = await mkdtemp(path.join(tmpdir(), 'teloring-test-'));
  const config = loadConfig({
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress,
    TELORING_SECRET_KEY: randomBytes(32).toString('base64'),
    TELORING_HOME: home,
    TELORING_ALLOW_PRIVATE_HOSTS: '127.0.0.1,localhost',
    ...env,
  });
  const logLines: string[] = [];
  const log = createLog('debug', { write: (line) => void logLines.push(line) });
  const keyring = createKeyring(config.secretKey);
  const connection = await Connection.connect({ address: temporalAddress });
  const engineCalls: EngineCall[] = [];
  const http = createHttpClient({ allowPrivateHosts: config.allowPrivateHosts, deniedPorts: [] });
  const accounts = createMicrosoftAccounts({
    pool: poolOf(database.engine),
    keyring,
    http,
    faults: noFaults,
  });
  const notificationUrl = `${config.publicUrl}/webhooks/microsoft`;
  const typing = createTypingBus({ pool: poolOf(database.engine), databaseUrl: database.url, log });
  const feed = createFeed({ engineDb: database.engine, log });
  const registry = createRegistry({
    http,
    visitorKeys: visitorKeys(keyring),
    uploads: createMediaStore(config.mediaUrl),
    accounts,
    notificationUrl,
    tellTyping: tellAgentTyping(typing),
    email: emailDeployment({ config, keyring }),
    desk: createVoiceDesk(poolOf(database.engine), () => feed.poke()),
  });
  const deps: ApiDeps = {
    config,
    appDb: database.app,
    engineDb: database.engine,
    keyring,
    auth: createAuth({ config, engineDb: database.engine, keyring, log, mailer: null }),
    mailer: null,
    registry,
    http,
    accounts,
    keepMailSubscription: (inboxId) =>
      keepMailSubscription({ ...deps, pool: poolOf(database.engine), notificationUrl }, inboxId, 'now'),
    inboxes: createInboxCache({
      db: database.engine,
      keyring,
      resolveUrls: (type, sandbox) => resolveProviderUrls(config, definitions[type].providerUrls, sandbox),
      resolveApps: (sandbox) => appsOf({ config, keyring }, sandbox),
    }),
    media: createMediaStore(config.mediaUrl),
    temporal: new Client({ connection }),
    engine: recordingEngine(engineCalls),
    feed,
    typing,
    log,
    decodePayloads: async (payloads) => payloads,
    ...overrides,
  };
  const app = createApp(deps);
  const createWorkspace = (slug: string): Promise<TestWorkspace> => makeWorkspace(deps, slug);
  const workspace = await createWorkspace('first');
  const other = await createWorkspace('second');
  const send = async (pathname: string, options: TestRequest = {}): Promise<Response> => {
    const headers: Record<string, string> = { ...options.headers };
    if (options.cookie !== undefined) headers['cookie'] = options.cookie;
    else if (options.key !== undefined) headers['authorization'] = `Bearer ${options.key}`;
    else if (options.as !== 'nobody')
      headers['authorization'] = `Bearer ${workspace.keys[options.as ?? 'admin']}`;
    const raw =
      typeof options.body === 'string' ||
      options.body instanceof Uint8Array ||
      options.body instanceof FormData;
    if (options.body !== undefined && !(options.body instanceof FormData))
      headers['content-type'] ??= 'application/json';
    const body =
      options.body === undefined
        ? undefined
        : raw
          ? (options.body as BodyInit)
          : JSON.stringify(options.body);
    const method = options.method ?? (body === undefined ? 'GET' : 'POST');
    const socket = { remoteAddress: options.from ?? '127.0.0.1', remotePort: 1, remoteFamily: 'IPv4' };
    return app.request(pathname, { method, headers, body }, { incoming: { socket } });
  };
  return {
    deps,
    app,
    database,
    logLines,
    engineCalls,
    workspace,
    other,
    request: send,
    createWorkspace,
    async signIn(role, where = workspace) {
      const response = await send('/api/auth/sign-in/email', {
        as: 'nobody',
        body: { email: testEmail(role, where.slug), password: TEST_PASSWORD },
      });
      if (response.status !== 200)
        throw new Error(`Sign-in answered ${response.status}: ${await response.text()}`);
      return response.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; ');
    },
    async close() {
      await connection.close();
      await typing.close();
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function recordingEngine(calls: EngineCall[]): Engine {
  return {
    eventsAccepted: () => void calls.push({ call: 'eventsAccepted', input: null }),
    startOutbound: async (messageId) => void calls.push({ call: 'startOutbound', input: messageId }),
    keepSubscription: async (inboxId) => void calls.push({ call: 'keepSubscription', input: inboxId }),
    payWakes: async (wakes) => void calls.push({ call: 'payWakes', input: wakes }),
  };
}

async function makeWorkspace(deps: ApiDeps, slug: string): Promise<TestWorkspace> {
  const id = uuidV7();
  await deps.engineDb
    .insertInto('workspaces')
    .values({ id, name: `Workspace ${slug}`, slug })
    .execute();
  const users: Partial<Record<Role, string>> = {};
  const keys: Partial<Record<Role, string>> = {};
  for (const role of ROLES) {
    const userId = await createAccount(deps.auth, {
      email: testEmail(role, slug),
      name: `${role} of ${slug}`,
      password: TEST_PASSWORD,
    });
    users[role] = userId;
    await deps.engineDb
      .insertInto('members')
      .values({ id: uuidV7(), workspace_id: id, user_id: userId, role })
      .execute();
    const { key } = await inWorkspace(deps.appDb, id, (tx) =>
      createApiKey(tx, { workspaceId: id, name: `${role} key`, role, expiresAt: null, createdBy: null }),
    );
    keys[role] = key;
  }
  return { id, slug, users: users as Record<Role, string>, keys: keys as Record<Role, string> };
}
