/**
 * What the visitor wrote and the thread doesn't show yet. Each entry is written down under its client message id before it is
 * sent, one key per entry (tabs don't overwrite each other's), and only forgotten when the thread shows it: a reload or a
 * reconnect sends the same id again, and the server knows it.
 */
import type { Connection } from './connection.ts';
import type { Store } from './storage.ts';
import type { ChoiceOption } from './wire.ts';

export type OutgoingBody =
  | { kind: 'text'; text: string }
  | { kind: 'choice'; choice: ChoiceOption }
  /** `mediaId` once it is uploaded. */
  | { kind: 'file'; mediaId: string | null; name: string; mimeType: string; sizeBytes: number };

export interface Outgoing {
  clientMessageId: string;
  body: OutgoingBody;
  atMs: number;
  /** queued: waits for its turn or the connection · accepted: the server has it · failed: the server said no */
  state: 'queued' | 'sending' | 'accepted' | 'failed';
  /** The server's code, or `file_gone`. */
  reason?: string;
  /** The share of a file that has left. */
  progress?: number;
}

export interface OutboxEvents {
  changed(entries: Outgoing[]): void;
  /** Whether sending had to be put off. */
  stuck(isStuck: boolean): void;
}

const prefix = 'outbox/';
const firstRetryMs = 1000;
const lastRetryMs = 20_000;

export function createOutbox(store: Store, connection: Connection, events: OutboxEvents) {
  let entries = load(store);
  const files = new Map<string, Blob>();
  const previews = new Map<string, string>();
  const uploads = new Map<string, AbortController>();
  let draining = false;
  let retryMs = firstRetryMs;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const put = (entry: Outgoing): void => {
    entries = [...entries.filter(({ clientMessageId }) => clientMessageId !== entry.clientMessageId), entry];
    entries.sort((a, b) => a.atMs - b.atMs);
    // Bytes can't be written down; a file counts from when it is uploaded.
    if (entry.body.kind !== 'file' || entry.body.mediaId)
      store.set(prefix + entry.clientMessageId, JSON.stringify(entry));
    events.changed(entries);
  };
  const drop = (clientMessageId: string): void => {
    entries = entries.filter((entry) => entry.clientMessageId !== clientMessageId);
    uploads.get(clientMessageId)?.abort();
    files.delete(clientMessageId);
    store.remove(prefix + clientMessageId);
    events.changed(entries);
  };
  const find = (clientMessageId: string): Outgoing | undefined =>
    entries.find((entry) => entry.clientMessageId === clientMessageId);

  async function deliver(entry: Outgoing) {
    let { body } = entry;
    if (body.kind === 'file' && !body.mediaId) {
      const upload = await uploadOf(entry.clientMessageId, body.name);
      if (upload.kind !== 'ok') return upload;
      body = { ...body, mediaId: upload.body.mediaId };
      // Cancelled while the answer came.
      if (!find(entry.clientMessageId)) return { kind: 'given_up' } as const;
      put({ ...entry, body });
    }
    const { clientMessageId } = entry;
    const content =
      body.kind === 'text'
        ? { text: body.text }
        : body.kind === 'choice'
          ? { choice: body.choice }
          : { mediaId: body.mediaId, name: body.name };
    return connection.call<{ eventId: string }>('POST', 'messages', { clientMessageId, ...content });
  }

  async function uploadOf(clientMessageId: string, name: string) {
    const file = files.get(clientMessageId);
    if (!file) return { kind: 'refused', status: 0, code: 'file_gone' } as const;
    const control = new AbortController();
    uploads.set(clientMessageId, control);
    const answer = await connection.call<{ mediaId: string }>('POST', 'media', file, {
      headers: { 'x-client-message-id': clientMessageId, 'x-file-name': encodeURIComponent(name) },
      signal: control.signal,
      progress(share) {
        entries = entries.map((entry) =>
          entry.clientMessageId === clientMessageId ? { ...entry, progress: share } : entry,
        );
        events.changed(entries);
      },
    });
    uploads.delete(clientMessageId);
    return answer;
  }

  /** One at a time, oldest first, so that they arrive in the order they were written. */
  async function drain(): Promise<void> {
    if (draining) return;
    draining = true;
    clearTimeout(timer);
    for (let next = entries.find(isQueued); next; next = entries.find(isQueued)) {
      const { clientMessageId } = next;
      put({ ...next, state: 'sending' });
      const answer = await deliver(next);
      const now = find(clientMessageId);
      if (answer.kind === 'later') {
        if (now) put({ ...now, state: 'queued' });
        events.stuck(true);
        timer = setTimeout(() => void drain(), Math.max(answer.afterMs, retryMs));
        retryMs = Math.min(lastRetryMs, retryMs * 2);
        break;
      }
      retryMs = firstRetryMs;
      events.stuck(false);
      // Gone already where the stream was faster than the answer.
      if (!now) continue;
      if (answer.kind === 'given_up') drop(clientMessageId);
      else if (answer.kind === 'ok') put({ ...now, state: 'accepted' });
      else put({ ...now, state: 'failed', reason: answer.code });
    }
    draining = false;
  }

  return {
    entries: (): Outgoing[] => entries,
    /** An address to look at a file that was chosen on this page; null after a reload. */
    previewOf(clientMessageId: string): string | null {
      const file = files.get(clientMessageId);
      if (file && !previews.has(clientMessageId)) previews.set(clientMessageId, URL.createObjectURL(file));
      return previews.get(clientMessageId) ?? null;
    },
    send(body: OutgoingBody, file?: Blob): string {
      const clientMessageId = crypto.randomUUID();
      if (file) files.set(clientMessageId, file);
      put({ clientMessageId, body, atMs: Date.now(), state: 'queued' });
      void drain();
      return clientMessageId;
    },
    retry(clientMessageId: string): void {
      const entry = find(clientMessageId);
      if (entry) put({ ...entry, state: 'queued', reason: undefined });
      void drain();
    },
    discard: drop,
    /** The thread shows it: nothing is owed any more. */
    shown(clientMessageId: string): void {
      if (find(clientMessageId) || store.get(prefix + clientMessageId) !== null) drop(clientMessageId);
    },
    drain: (): void => void drain(),
  };
}
export type Outbox = ReturnType<typeof createOutbox>;

function isQueued(entry: Outgoing): boolean {
  return entry.state === 'queued';
}

/** What an earlier page left: whatever it had not seen in the thread is sent again under its id. */
function load(store: Store): Outgoing[] {
  return store
    .keys()
    .filter((key) => key.startsWith(prefix))
    .flatMap((key): Outgoing[] => {
      try {
        const entry = JSON.parse(store.get(key) ?? '') as Outgoing;
        return [{ ...entry, state: entry.state === 'failed' ? 'failed' : 'queued' }];
      } catch {
        store.remove(key);
        return [];
      }
    })
    .sort((a, b) => a.atMs - b.atMs);
}
