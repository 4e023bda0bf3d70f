/** What is measured: the product as `npm start` runs it, and the two floors on the same Postgres and the same Temporal server. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { createKeyring, seal } from '#db/keyring.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { uuidV7 } from '#domain/ids.ts';
import { lastPorts } from '../../api/embedded/ports.ts';
import { startProduct, type Product } from '../support/product.ts';
import type { LoadAnswer, LoadCommand, LoadOrder, LoadResult } from './load.ts';

export interface Target {
  url: string;
  secret?: string;
}
export interface Inbox extends Target {
  id: string;
}
export interface Load {
  receiverUrl: string;
  run(order: LoadOrder, onProgress?: (acked: number) => void): Promise<LoadResult>;
  /** Resolves with the time of the first reply heard at or after `atMs`. */
  firstReplyAfter(atMs: number): Promise<number>;
  stop(): void;
}

export async function startLoad(): Promise<Load> {
  const child = forkFile('load.ts', []);
  const ready = await answerOf(child, 'ready');
  const command = (order: LoadCommand): void => void child.send(order);
  return {
    receiverUrl: ready.receiverUrl,
    async run(order, onProgress) {
      const progress = (answer: LoadAnswer): void => {
        if (answer.kind === 'progress') onProgress?.(answer.acked);
      };
      child.on('message', progress);
      const answer = answerOf(child, 'result');
      command({ kind: 'run', ...order });
      const { result } = await answer;
      child.off('message', progress);
      return result;
    },
    async firstReplyAfter(atMs) {
      const answer = answerOf(child, 'first-reply');
      command({ kind: 'reply-after', atMs });
      return (await answer).atMs;
    },
    stop: () => void child.kill(),
  };
}

export interface Floor extends Target {
  pid: number;
  stop(): void;
}

export async function startFloor(file: 'floor-a.ts' | 'floor-b.ts', argument: string): Promise<Floor> {
  const child = forkFile(file, [argument]);
  const { port } = await message(child, (said) => said as { port: number });
  return { pid: child.pid ?? 0, url: `http://127.0.0.1:${port}/messages`, stop: () => void child.kill() };
}

export interface Facts {
  databaseUrl: string;
  temporalAddress: string;
  secretKey: string;
}

export async function startTeloring(
  env: Record<string, string>,
  again?: { home: string; port: number },
): Promise<Product> {
  return startProduct({ env: { TELORING_LOG_LEVEL: 'warn', ...env }, readyTimeoutMs: 300_000, ...again });
}

/** Where the product keeps its services, from the files of its home. */
export async function factsOf(home: string): Promise<Facts> {
  const read = async (name: string): Promise<string> =>
    (await readFile(path.join(home, name), 'utf8')).trim();
  const ports = lastPorts(home);
  const password = await read('postgres-password');
  return {
    databaseUrl: `postgres://postgres:${password}@127.0.0.1:${ports?.postgres}/teloring`,
    temporalAddress: `127.0.0.1:${ports?.temporal}`,
    secretKey: await read('secret-key'),
  };
}

const echo: FlowDefinition = {
  schemaVersion: 1,
  triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
  entry: 'reply',
  steps: {
    reply: {
      kind: 'send',
      params: { text: 'You said: {{message.text}}' },
      exits: { next: null, failed: null },
    },
  },
};

/** A workspace with a published flow that answers every message, and API inboxes whose replies go to `receiverUrl`. */
export async function prepareInboxes(
  facts: Facts,
  productUrl: string,
  receiverUrl: string,
  inboxes: readonly { idempotent: boolean }[],
): Promise<Inbox[]> {
  const client = new pg.Client({ connectionString: facts.databaseUrl });
  await client.connect();
  const keyring = createKeyring(facts.secretKey);
  const [workspaceId, flowId, versionId] = [uuidV7(), uuidV7(), uuidV7()];
  await client.query('begin');
  await client.query('insert into workspaces (id, name, slug) values ($1, $2, $3)', [
    workspaceId,
    'Bench',
    `bench-${workspaceId}`,
  ]);
  await client.query('insert into flows (id, workspace_id, name, draft) values ($1, $2, $3, $4)', [
    flowId,
    workspaceId,
    'Echo',
    JSON.stringify(echo),
  ]);
  await client.query(
    'insert into flow_versions (id, workspace_id, flow_id, version_no, definition) values ($1, $2, $3, 1, $4)',
    [versionId, workspaceId, flowId, JSON.stringify(echo)],
  );
  await client.query('update flows set published_version_id = $2 where id = $1', [flowId, versionId]);
  const prepared: Inbox[] = [];
  for (const { idempotent } of inboxes) {
    const [id, secret] = [uuidV7(), randomBytes(32).toString('base64url')];
    const credentials = JSON.stringify({ callbackUrl: receiverUrl, idempotent, secret });
    await client.query(
      `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state)
       values ($1, $2, 'api', 'Bench', $3, $4, 'active')`,
      [id, workspaceId, id, seal(keyring, Buffer.from(credentials), `inbox/${id}`)],
    );
    prepared.push({ id, secret, url: `${productUrl}/webhooks/api/${id}` });
  }
  await client.query('commit');
  await client.end();
  return prepared;
}

/** The postmaster, Temporal and the server of a running product. */
export function productPids(product: Product): { postgres: number; temporal: number; server: number } {
  const { postgres, temporal, server } = product.pids();
  if (!postgres || !temporal || !server) throw new Error(`The product is not whole:\n${product.output()}`);
  return { postgres, temporal, server };
}

function forkFile(name: string, args: string[]): ChildProcess {
  const child = fork(path.join(import.meta.dirname, name), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  process.on('exit', () => child.kill());
  return child;
}

function answerOf<K extends LoadAnswer['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<LoadAnswer, { kind: K }>> {
  return message(child, (said) => {
    const answer = said as LoadAnswer;
    return answer.kind === kind ? (answer as Extract<LoadAnswer, { kind: K }>) : undefined;
  });
}

function message<T>(child: ChildProcess, pick: (said: unknown) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`A bench process ended with ${code}.`));
    const listen = (said: unknown): void => {
      const picked = pick(said);
      if (picked === undefined) return;
      child.off('message', listen).off('exit', ended);
      resolve(picked);
    };
    child.on('message', listen).once('exit', ended);
  });
}
