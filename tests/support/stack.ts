/** The durable side in this process: real Postgres, real Temporal, real workers, the HTTP app without a socket. */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
import type { QueueName } from '#activities/worker.ts';
import { createApp } from '../../api/app.ts';
import { loadConfig } from '../../api/config.ts';
import { createLog } from '../../api/log.ts';
import { openRuntime, type Runtime } from '../../api/runtime.ts';
import { startCallbackReceiver, type CallbackReceiver } from './callback-receiver.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createNamespace } from './namespace.ts';
import { checkInvariants } from './invariants.ts';

export interface StackOptions {
  queues?: readonly QueueName[];
  sweepEveryMs?: number;
  idempotent?: boolean;
  /** Base64; random unless histories are to be kept. */
  secretKey?: string;
  /** A new one without. */
  namespace?: string;
  /** Beside what every stack has. */
  env?: Record<string, string>;
}
export interface Stack {
  database: TestDatabase;
  namespace: string;
  /** What another process needs to join in. */
  env: Record<string, string>;
  runtime: Runtime;
  app: ReturnType<typeof createApp>;
  receiver: CallbackReceiver;
  workspaceId: string;
  inboxId: string;
  secret: string;
  /** Signs and posts to the API inbox. */
  post(body: unknown): Promise<{ status: number; body: { eventId: string; duplicate: boolean } }>;
  /** A message of this contact; its event id. */
  say(from: string, text: string, id?: string): Promise<string>;
  publish(definition: FlowDefinition, name?: string): Promise<string>;
  query<T extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  until(what: string, check: () => Promise<boolean>, timeoutMs?: number): Promise<void>;
  /** Nothing unstarted, unread, planned or owed. */
  quiet(timeoutMs?: number): Promise<void>;
  close(options?: { skipInvariants?: boolean }): Promise<void>;
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const database = await createTestDatabase();
  const { temporalAddress } = inject('services');
  const namespace = options.namespace ?? (await createNamespace(temporalAddress));
  const home = await mkdtemp(path.join(tmpdir(), 'teloring-stack-'));
  const env: Record<string, string> = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    TELORING_HOME: home,
    TELORING_SECRET_KEY: options.secretKey ?? randomBytes(32).toString('base64'),
    TELORING_ALLOW_PRIVATE_HOSTS: '127.0.0.1,localhost',
    PORT: '4999',
    ...options.env,
  };
  const config = loadConfig(env);
  const runtime = await openRuntime({
    config,
    log: createLog('warn', {
      write: (line) => process.env['TELORING_TEST_LOG'] && process.stderr.write(line),
    }),
    queues: options.queues ?? ['inbound', 'flows'],
    sweepEveryMs: options.sweepEveryMs ?? 1_000,
  });
  const app = createApp(runtime.deps);
  const receiver = await startCallbackReceiver();
  const workspaceId = uuidV7();
  const inboxId = uuidV7();
  const secret = randomBytes(24).toString('base64url');
  const query: Stack['query'] = async <T>(text: string, values: unknown[] = []) =>
    (await runtime.activityDeps.pool.query(text, values)).rows as T[];
  await query('insert into workspaces (id, name, slug) values ($1, $2, $3)', [
    workspaceId,
    'Test',
    `t-${workspaceId}`,
  ]);
  await query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'api', 'Test API', $3, $4, 'active')`,
    [
      inboxId,
      workspaceId,
      inboxId,
      seal(
        runtime.deps.keyring,
        Buffer.from(
          JSON.stringify({ callbackUrl: receiver.url, idempotent: options.idempotent ?? false, secret }),
        ),
        `inbox/${inboxId}`,
      ),
    ],
  );
  const stack: Stack = {
    database,
    namespace,
    env,
    runtime,
    app,
    receiver,
    workspaceId,
    inboxId,
    secret,
    query,
    async post(body) {
      const raw = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await app.request(`/webhooks/api/${inboxId}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-teloring-signature': sign(secret, raw) },
        body: raw,
      });
      return {
        status: response.status,
        body: (await response.json()) as { eventId: string; duplicate: boolean },
      };
    },
    async say(from, text, id = uuidV7()) {
      const { status, body } = await stack.post({ id, from: { id: from }, text });
      if (status !== 202) throw new Error(`The webhook answered ${status}: ${JSON.stringify(body)}`);
      return body.eventId;
    },
    async publish(definition, name = 'Flow') {
      const [flowId, versionId] = [uuidV7(), uuidV7()];
      await query('insert into flows (id, workspace_id, name, draft) values ($1, $2, $3, $4)', [
        flowId,
        workspaceId,
        name,
        JSON.stringify(definition),
      ]);
      await query(
        'insert into flow_versions (id, workspace_id, flow_id, version_no, definition) values ($1, $2, $3, 1, $4)',
        [versionId, workspaceId, flowId, JSON.stringify(definition)],
      );
      await query('update flows set published_version_id = $2 where id = $1', [flowId, versionId]);
      return flowId;
    },
    async until(what, check, timeoutMs = 20_000) {
      const end = Date.now() + timeoutMs;
      while (!(await check())) {
        if (Date.now() > end) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    quiet: (timeoutMs) =>
      stack.until(
        'everything done',
        async () => {
          const [row] = await query<{ open: number }>(
            `select (select count(*) from inbound_events where kind = 'message' and done_at is null)
                  + (select count(*) from conversations where cursor < last_in_seq or lease_holder is not null)
                  + (select count(*) from outbox where state in ('planned', 'sending'))
                  + (select count(*) from runs where wake_no > woken_no) as open`,
          );
          return row?.open === 0;
        },
        timeoutMs,
      ),
    async close(closing = {}) {
      try {
        if (!closing.skipInvariants) await checkInvariants(runtime.activityDeps.pool);
      } finally {
        await runtime.stop();
        await receiver.close();
        await database.drop();
        await rm(home, { recursive: true, force: true });
      }
    },
  };
  return stack;
}

export function sign(secret: string, raw: string, nowSeconds = Math.floor(Date.now() / 1000)): string {
  return `t=${nowSeconds},v1=${createHmac('sha256', secret).update(`${nowSeconds}.${raw}`).digest('hex')}`;
}
