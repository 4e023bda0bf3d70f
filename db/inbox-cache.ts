/** Inboxes as adapters see them, credentials opened. Cached; a NOTIFY on `teloring_inbox` makes every process forget the one that changed. */
import pg from 'pg';
import type { ChannelType, ProviderApps } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import { poolOf, type Db } from './client.ts';
import { open, type Keyring } from './keyring.ts';

export interface CachedInbox {
  id: string;
  workspaceId: string;
  type: ChannelType;
  name: string;
  accountKey: string;
  sandbox: boolean;
  credentials: JsonObject;
  settings: JsonObject;
  urls: Readonly<Record<string, string>>;
  apps: ProviderApps;
  /** What its webhook subscription hangs on at the provider, where it shares one. */
  subscription: string | null;
  state: string;
  canSend: boolean;
  deletedAt: Date | null;
  reopenWithinHours: number;
}
export interface InboxCache {
  byId(id: string): Promise<CachedInbox | null>;
  byAccount(type: ChannelType, accountKey: string): Promise<CachedInbox | null>;
  invalidate(id: string): void;
  /** Calls back with every inbox that some process changed; while the connection is lost, with none. @returns ends it */
  onChange(listener: (id: string) => void): () => void;
  /** Listens for changes made by other processes until `close`. While the connection is lost nothing is cached. */
  listen(databaseUrl: string): Promise<void>;
  close(): Promise<void>;
}

const channel = 'teloring_inbox';

export function createInboxCache(deps: {
  db: Db;
  keyring: Keyring;
  /** Base URLs of the inbox's provider, sandbox or real. */
  resolveUrls: (type: ChannelType, sandbox: boolean) => Readonly<Record<string, string>>;
  /** The deployment's apps at the providers: the configured ones, or the sandbox's. */
  resolveApps: (sandbox: boolean) => ProviderApps;
}): InboxCache {
  const pool = poolOf(deps.db);
  const byId = new Map<string, Promise<CachedInbox | null>>();
  const idByAccount = new Map<string, string>();
  const listeners = new Set<(id: string) => void>();
  let listener: pg.Client | null = null;
  let listening = false;
  let closed = false;

  const load = async (id: string): Promise<CachedInbox | null> => {
    const { rows } = await pool.query<InboxRow>({
      name: 'inbox_by_id',
      text: `select id, workspace_id, type, name, account_key, sandbox, credentials, settings, state, can_send, deleted_at, reopen_within_hours,
                    subscription_key
               from inboxes where id = $1`,
      values: [id],
    });
    return rows[0] ? fromRow(deps, rows[0]) : null;
  };
  const cached = (id: string): Promise<CachedInbox | null> => {
    const known = byId.get(id);
    if (known) return known;
    const loading = load(id);
    if (!listening) return loading;
    byId.set(id, loading);
    // A failed or empty load is no knowledge.
    loading.then(
      (inbox) => inbox === null && byId.delete(id),
      () => byId.delete(id),
    );
    return loading;
  };
  const forgetAll = (): void => {
    byId.clear();
    idByAccount.clear();
  };
  const connect = async (databaseUrl: string): Promise<void> => {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'teloring-inbox-cache',
      options: '-c role=teloring_engine',
      keepAlive: true,
    });
    client.on('notification', ({ payload }) => {
      if (!payload) return;
      byId.delete(payload);
      for (const listener of listeners) listener(payload);
    });
    const lost = (): void => {
      if (listener !== client) return;
      listener = null;
      listening = false;
      forgetAll();
      if (!closed) setTimeout(() => void connect(databaseUrl).catch(() => undefined), 1_000).unref();
    };
    client.on('error', lost);
    client.on('end', lost);
    listener = client;
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      lost();
      throw error;
    }
    forgetAll();
    listening = true;
  };

  return {
    byId: cached,
    async byAccount(type, accountKey) {
      const key = JSON.stringify([type, accountKey]);
      let id = idByAccount.get(key);
      if (id === undefined) {
        const { rows } = await pool.query<{ id: string }>(
          'select id from inboxes where type = $1 and account_key = $2 and deleted_at is null',
          [type, accountKey],
        );
        id = rows[0]?.id;
        if (id === undefined) return null;
        if (listening) idByAccount.set(key, id);
      }
      const inbox = await cached(id);
      if (inbox && inbox.deletedAt === null && inbox.accountKey === accountKey) return inbox;
      idByAccount.delete(key);
      return null;
    },
    invalidate(id) {
      byId.delete(id);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    listen: connect,
    async close() {
      closed = true;
      listening = false;
      const client = listener;
      listener = null;
      await client?.end();
    },
  };
}

interface InboxRow {
  id: string;
  workspace_id: string;
  type: string;
  name: string;
  account_key: string;
  sandbox: boolean;
  credentials: Buffer;
  settings: JsonObject;
  state: string;
  can_send: boolean;
  deleted_at: Date | null;
  reopen_within_hours: number;
  subscription_key: string | null;
}

function fromRow(deps: Parameters<typeof createInboxCache>[0], row: InboxRow): CachedInbox {
  const type = row.type as ChannelType;
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    type,
    name: row.name,
    accountKey: row.account_key,
    sandbox: row.sandbox,
    credentials: JSON.parse(
      open(deps.keyring, row.credentials, `inbox/${row.id}`).toString('utf8'),
    ) as JsonObject,
    settings: row.settings,
    urls: deps.resolveUrls(type, row.sandbox),
    apps: deps.resolveApps(row.sandbox),
    subscription: row.subscription_key,
    state: row.state,
    canSend: row.can_send,
    deletedAt: row.deleted_at,
    reopenWithinHours: row.reopen_within_hours,
  };
}
