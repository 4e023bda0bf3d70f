/** Tells the server which of the team's messages this browser has, and which were looked at. */
import type { Connection } from './connection.ts';
import type { Store } from './storage.ts';
import type { ThreadMessage } from './wire.ts';

const markKey = 'receipts';
const gatherMs = 300;
const mostAtOnce = 100;

/** What the stream brings, the server knows to be delivered; a page that was loaded is told of here. */
export function createReceipts(connection: Connection, store: Store) {
  const waiting = new Map<string, { status: 'delivered' | 'read'; createdAt: string }>();
  const told = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function later(afterMs: number): void {
    clearTimeout(timer);
    if (waiting.size > 0) timer = setTimeout(() => void tell(), afterMs);
  }
  async function tell(): Promise<void> {
    const entries = [...waiting];
    // Read says delivered too.
    const [first] = entries.toSorted(([, a], [, b]) => (a.status < b.status ? 1 : -1));
    if (!first) return;
    const { status } = first[1];
    const batch = entries.filter(([, entry]) => entry.status === status).slice(0, mostAtOnce);
    const messageIds = batch.map(([id]) => id);
    const answer = await connection.call('POST', 'receipts', { receipt: { status, messageIds } });
    if (answer.kind === 'later') return later(Math.max(answer.afterMs, 5_000));
    for (const [id, { createdAt }] of batch) {
      if (waiting.get(id)?.status === status) waiting.delete(id);
      // Behind the mark nothing is told again on the next page.
      if (status === 'read' && createdAt > (store.get(markKey) ?? '')) store.set(markKey, createdAt);
    }
    later(gatherMs);
  }

  return {
    /** @param isNew it came while we listened, so that it is told of wherever the mark is */
    note(messages: readonly ThreadMessage[], status: 'delivered' | 'read', isNew: boolean): void {
      const mark = store.get(markKey) ?? '';
      for (const { id, from, createdAt } of messages) {
        if (from === 'visitor' || told.has(`${status}/${id}`) || (!isNew && createdAt <= mark)) continue;
        told.add(`${status}/${id}`);
        waiting.set(id, { status, createdAt });
      }
      later(gatherMs);
    },
  };
}
