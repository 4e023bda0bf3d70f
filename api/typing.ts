/** Who is typing, told to every process and stored nowhere: a NOTIFY of its own, apart from every transaction that writes. */
import pg from 'pg';
import type { Logger } from 'pino';

export interface TypingSignal {
  workspaceId: string;
  inboxId: string;
  contactExternalId: string;
  /** Null where the contact has no conversation yet. */
  conversationId: string | null;
  from: 'contact' | 'agent';
  typing: boolean;
}
export interface TypingBus {
  /** Best effort. Never throws. */
  tell(signal: TypingSignal): Promise<void>;
  /** @returns stops it */
  listen(hear: (signal: TypingSignal) => void): () => void;
  close(): Promise<void>;
}

const channel = 'teloring_typing';
const retryMs = 1_000;

/** @param deps.pool of the engine role */
export function createTypingBus(deps: {
  pool: pg.Pool;
  databaseUrl: string;
  log: Pick<Logger, 'info'>;
}): TypingBus {
  const listeners = new Set<(signal: TypingSignal) => void>();
  let connection: Promise<pg.Client> | null = null;
  let closed = false;

  function connect(): void {
    if (connection !== null || closed) return;
    const client = new pg.Client({
      connectionString: deps.databaseUrl,
      application_name: 'teloring-typing',
      options: '-c role=teloring_engine',
      keepAlive: true,
    });
    const lost = (): void => {
      if (connection !== mine) return;
      connection = null;
      if (!closed && listeners.size > 0) setTimeout(connect, retryMs).unref();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => hear(payload ?? ''));
    const mine = client.connect().then(async () => {
      await client.query(`listen ${channel}`);
      return client;
    });
    connection = mine;
    mine.catch(lost);
  }

  function hear(payload: string): void {
    // What this very product has written.
    const signal = JSON.parse(payload) as TypingSignal;
    for (const listener of listeners) listener(signal);
  }

  return {
    async tell(signal) {
      try {
        await deps.pool.query('select pg_notify($1, $2)', [channel, JSON.stringify(signal)]);
      } catch (error) {
        deps.log.info({ reason: String(error) }, 'Nobody was told that somebody types.');
      }
    },
    listen(listener) {
      listeners.add(listener);
      connect();
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      const client = await connection?.catch(() => null);
      connection = null;
      await client?.end();
    },
  };
}

/** For adapters: an agent types to a contact. */
export function tellAgentTyping(
  bus: TypingBus,
): (contact: { workspaceId: string; inboxId: string; contactExternalId: string }) => Promise<void> {
  return (contact) => bus.tell({ ...contact, conversationId: null, from: 'agent', typing: true });
}
