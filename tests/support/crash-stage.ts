/** The stage of a crash test: rows, a receiver, and server processes that come and go on them. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import { poolOf } from '#db/client.ts';
import { createKeyring, seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { startCallbackReceiver, type CallbackReceiver } from './callback-receiver.ts';
import { createTestDatabase } from './database.ts';
import { checkInvariants } from './invariants.ts';
import { createNamespace } from './namespace.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { sign } from './stack.ts';

export interface CrashStage {
  receiver: CallbackReceiver;
  inboxId: string;
  workspaceId: string;
  start(options?: { faults?: string; sweepMs?: number }): Promise<ServerProcess>;
  /** Posts as a provider does: again and again, to whoever answers, until it is accepted. */
  say(servers: () => ServerProcess[], from: string, text: string, id?: string): Promise<void>;
  api(
    server: ServerProcess,
    method: string,
    pathname: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  query<T extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  until(what: string, check: () => Promise<boolean>, timeoutMs?: number): Promise<void>;
  quiet(timeoutMs?: number): Promise<void>;
  /** Invariants in rows. */
  invariants(): Promise<void>;
  /** The same, and I4 against what the receiver got. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** @param more of the servers' environment */
export async function createCrashStage(
  flow: FlowDefinition,
  more: Record<string, string> = {},
): Promise<CrashStage> {
  const database = await createTestDatabase();
  const pool = poolOf(database.engine);
  const home = await mkdtemp(path.join(tmpdir(), 'teloring-crash-'));
  const secretKey = randomBytes(32).toString('base64');
  const apiKey = randomBytes(24).toString('hex');
  const secret = randomBytes(24).toString('base64url');
  const receiver = await startCallbackReceiver();
  const [workspaceId, inboxId, flowId, versionId] = [uuidV7(), uuidV7(), uuidV7(), uuidV7()];
  const { temporalAddress } = inject('services');
  const env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: await createNamespace(temporalAddress),
    TELORING_HOME: home,
    TELORING_SECRET_KEY: secretKey,
    TELORING_API_KEY: apiKey,
    TELORING_ALLOW_PRIVATE_HOSTS: '127.0.0.1,localhost',
    ...more,
  };
  await pool.query('insert into workspaces (id, name, slug) values ($1, $2, $3)', [
    workspaceId,
    'Crash',
    `c-${workspaceId}`,
  ]);
  const credentials = JSON.stringify({ callbackUrl: receiver.url, idempotent: false, secret });
  await pool.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'api', 'API', $3, $4, 'active')`,
    [
      inboxId,
      workspaceId,
      inboxId,
      seal(createKeyring(secretKey), Buffer.from(credentials), `inbox/${inboxId}`),
    ],
  );
  await pool.query('insert into flows (id, workspace_id, name, draft) values ($1, $2, $3, $4)', [
    flowId,
    workspaceId,
    'Flow',
    JSON.stringify(flow),
  ]);
  await pool.query(
    'insert into flow_versions (id, workspace_id, flow_id, version_no, definition) values ($1, $2, $3, 1, $4)',
    [versionId, workspaceId, flowId, JSON.stringify(flow)],
  );
  await pool.query('update flows set published_version_id = $2 where id = $1', [flowId, versionId]);
  const started: ServerProcess[] = [];

  const stage: CrashStage = {
    receiver,
    inboxId,
    workspaceId,
    async start(options = {}) {
      const server = await startServerProcess({ env, ...options });
      started.push(server);
      return server;
    },
    async say(servers, from, text, id = uuidV7()) {
      const raw = JSON.stringify({ id, from: { id: from }, text });
      for (const end = Date.now() + 60_000; Date.now() < end;) {
        for (const server of servers()) {
          const response = await fetch(`${server.url}/webhooks/api/${inboxId}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-teloring-signature': sign(secret, raw) },
            body: raw,
            signal: AbortSignal.timeout(2_000),
          }).catch(() => null);
          if (response?.status === 202) return;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error('No server accepted the message within a minute.');
    },
    async api(server, method, pathname, body) {
      const response = await fetch(`${server.url}${pathname}`, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(5_000),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    query: async <T>(text: string, values: unknown[] = []) => (await pool.query(text, values)).rows as T[],
    async until(what, check, timeoutMs = 45_000) {
      for (const end = Date.now() + timeoutMs; !(await check());) {
        if (Date.now() > end)
          throw new Error(
            `Not within ${timeoutMs} ms: ${what}\n${started.map((server) => server.log()).join('\n')}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    quiet: (timeoutMs) =>
      stage.until(
        'everything done',
        async () => {
          const [row] = await stage.query<{ open: number }>(
            `select (select count(*) from inbound_events where kind = 'message' and done_at is null)
                  + (select count(*) from conversations where cursor < last_in_seq or lease_holder is not null)
                  + (select count(*) from outbox where state in ('planned', 'sending'))
                  + (select count(*) from runs where wake_no > woken_no) as open`,
          );
          return row?.open === 0;
        },
        timeoutMs,
      ),
    invariants: () => checkInvariants(pool),
    async check() {
      await checkInvariants(pool);
      const sends = new Map<string, number>();
      for (const { key } of receiver.deliveries) sends.set(key, (sends.get(key) ?? 0) + 1);
      const rows = await stage.query<{ id: string; state: string; attempts: number }>(
        `select id, state, attempts from outbox where kind = 'message'`,
      );
      for (const { id, state } of rows) {
        const got = sends.get(id) ?? 0;
        // Refused tries are answered, so they may repeat; an accepted one never does.
        if (state === 'sent' && got < 1)
          throw new Error(`I4: outbox ${id} is sent, the provider never got it.`);
        if (state === 'cancelled' && got > 0) throw new Error(`I4: outbox ${id} was cancelled and sent.`);
      }
      const accepted = new Map<string, number>();
      for (const { key } of receiver.deliveries.filter((delivery) => !refusals.has(delivery)))
        accepted.set(key, (accepted.get(key) ?? 0) + 1);
      for (const [key, count] of accepted)
        if (count > 1) throw new Error(`I4: the provider accepted ${key} ${count} times.`);
    },
    async close() {
      for (const server of started) await server.stop();
      await receiver.close();
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
  const refusals = new Set<unknown>();
  const answer = receiver.answer;
  receiver.answer = (delivery, tries) => {
    const given = answer(delivery, tries);
    if (given.status >= 400) refusals.add(delivery);
    return given;
  };
  return stage;
}
