/**
 * The outside world, in a process of its own so that its CPU isn't counted: senders, the provider at the end of the way (it hears
 * replies), and an observer of what the screens could show. Driven by messages from run.ts.
 */
import { createHmac } from 'node:crypto';
import { Pool } from 'undici';
import { connectDatabase } from '#db/client.ts';
import { feedEnd, readEvents, type FeedCursor } from '#db/ui-events.ts';
import { startCallbackReceiver } from '../support/callback-receiver.ts';

export interface LoadOrder {
  /** Unique: message ids begin with it. */
  tag: string;
  target: string;
  /** Signs as an API inbox's developer does; without it the body goes as it is. */
  secret?: string;
  count: number;
  /** How many send at once; each sends its next message when this one is … */
  senders: number;
  until: 'acked' | 'replied';
  /** Each sender rests this long before its next message: what the last one left to do is then over. */
  pauseMs?: number;
  /** How many people write them, in turn. */
  contacts: number;
  /** Sends again what was not accepted (a provider's webhook retries do), every so often. */
  retryMs?: number;
  /** Watches the feed of this database for the rows to become visible. */
  observe?: string;
  /** Whether replies are awaited at the end; floor A has none. */
  replies: boolean;
  /** Nothing new for this long: what is missing is lost. */
  giveUpMs?: number;
}
export interface LoadResult {
  /** Milliseconds from sending, per message in the order of sending. */
  acksMs: number[];
  repliesMs: number[];
  visibleMs: number[];
  /** From the first send to the last of each. */
  lastAckMs: number;
  lastReplyMs: number;
  refused: number;
  /** Messages answered by more than one reply. */
  doubled: number;
  /** Messages without a reply when waiting was given up. */
  unanswered: string[];
}
export type LoadCommand = ({ kind: 'run' } & LoadOrder) | { kind: 'reply-after'; atMs: number };
export type LoadAnswer =
  | { kind: 'ready'; receiverUrl: string }
  | { kind: 'result'; result: LoadResult }
  | { kind: 'progress'; acked: number }
  | { kind: 'first-reply'; atMs: number };

interface Sent {
  atMs: number;
  ackMs?: number;
  replyMs?: number;
  replies: number;
  replied: () => void;
}
const sent = new Map<string, Sent>();
const keysOf = new Map<string, Set<string>>();
let firstReplyAfterMs: number | null = null;

const receiver = await startCallbackReceiver();
receiver.answer = (delivery) => {
  const nowMs = performance.now();
  if (firstReplyAfterMs !== null && Date.now() >= firstReplyAfterMs) {
    firstReplyAfterMs = null;
    tell({ kind: 'first-reply', atMs: Date.now() });
  }
  const id = delivery.body.message.text.replace('You said: ', '');
  const message = sent.get(id);
  if (message) {
    // The same key again is the same reply, sent again by an inbox that says it may be.
    const keys = keysOf.get(id) ?? new Set();
    keysOf.set(id, keys.add(delivery.key));
    message.replies = keys.size;
    message.replyMs ??= nowMs - message.atMs;
    message.replied();
  }
  receiver.deliveries.length = 0;
  return { status: 200, body: { id: `provider-${delivery.body.message.id}` } };
};

process.on('message', (command: LoadCommand) => {
  if (command.kind === 'reply-after') firstReplyAfterMs = command.atMs;
  else void run(command).then((result) => tell({ kind: 'result', result }));
});
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready', receiverUrl: receiver.url });

function tell(answer: LoadAnswer): void {
  process.send?.(answer);
}

async function run(order: LoadOrder): Promise<LoadResult> {
  sent.clear();
  keysOf.clear();
  const target = new URL(order.target);
  const connections = Math.min(order.senders, 256);
  const pool = new Pool(target.origin, { connections, pipelining: 1, keepAliveTimeout: 60_000 });
  const observer = order.observe === undefined ? null : await observe(order.observe);
  const result: LoadResult = {
    acksMs: [],
    repliesMs: [],
    visibleMs: [],
    lastAckMs: 0,
    lastReplyMs: 0,
    refused: 0,
    doubled: 0,
    unanswered: [],
  };
  const replies: Promise<void>[] = [];
  const bodies = Array.from({ length: order.count }, (_, index) => prepare(order, index));
  let next = 0;
  const startMs = performance.now();

  async function sender(): Promise<void> {
    for (let message = bodies[next++]; message; message = bodies[next++]) {
      const reply = Promise.withResolvers<void>();
      const record: Sent = { atMs: performance.now(), replies: 0, replied: reply.resolve };
      sent.set(message.id, record);
      replies.push(reply.promise);
      await deliver(message, record);
      if (order.until === 'replied') await reply.promise;
      if (order.pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, order.pauseMs));
    }
  }
  async function deliver(message: Prepared, record: Sent): Promise<void> {
    for (;;) {
      const accepted = await post(message);
      if (accepted) {
        record.ackMs = performance.now() - record.atMs;
        if (order.retryMs !== undefined) tell({ kind: 'progress', acked: countAcked() });
        return;
      }
      result.refused += 1;
      if (order.retryMs === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, order.retryMs));
    }
  }
  async function post({ body, headers }: Prepared): Promise<boolean> {
    try {
      const answer = await pool.request({ method: 'POST', path: target.pathname, headers, body });
      await answer.body.dump();
      return answer.statusCode < 300;
    } catch (error) {
      if (order.retryMs === undefined) throw error;
      return false;
    }
  }

  await Promise.all(Array.from({ length: Math.min(order.senders, order.count) }, sender));
  if (order.replies) await settled(replies, order.giveUpMs ?? 45_000);
  await observer?.stop([...sent.keys()], result.visibleMs, startMs);
  await pool.close();
  for (const [id, { atMs, ackMs, replyMs, replies: count }] of sent) {
    if (ackMs !== undefined) {
      result.acksMs.push(ackMs);
      result.lastAckMs = Math.max(result.lastAckMs, atMs + ackMs - startMs);
    }
    if (replyMs === undefined) {
      if (order.replies) result.unanswered.push(id);
    } else {
      result.repliesMs.push(replyMs);
      result.lastReplyMs = Math.max(result.lastReplyMs, atMs + replyMs - startMs);
    }
    if (count > 1) result.doubled += 1;
  }
  return result;
}

function countAcked(): number {
  let acked = 0;
  for (const { ackMs } of sent.values()) if (ackMs !== undefined) acked += 1;
  return acked;
}

interface Prepared {
  id: string;
  body: string;
  headers: Record<string, string>;
}
function prepare(order: LoadOrder, index: number): Prepared {
  const id = `${order.tag}-${index}`;
  const from = { id: `${order.tag}-contact-${index % order.contacts}`, name: 'Ada Bench' };
  const body = JSON.stringify({ id, from, text: id });
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (order.secret !== undefined) {
    const time = Math.floor(Date.now() / 1000);
    const digest = createHmac('sha256', order.secret).update(`${time}.${body}`).digest('hex');
    headers['x-teloring-signature'] = `t=${time},v1=${digest}`;
  }
  return { id, body, headers };
}

/** Waits for all, or until nothing has come for a good while. */
async function settled(replies: Promise<void>[], giveUpMs: number): Promise<void> {
  let done = false;
  void Promise.all(replies).then(() => (done = true));
  let heard = -1;
  let sinceMs = performance.now();
  while (!done && performance.now() - sinceMs < giveUpMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    let now = 0;
    for (const { replyMs } of sent.values()) if (replyMs !== undefined) now += 1;
    if (now !== heard) [heard, sinceMs] = [now, performance.now()];
  }
}

/** Reads the screens' feed as the event stream does; a message is visible when its `message.created` can be read. */
async function observe(databaseUrl: string) {
  const db = connectDatabase({
    databaseUrl,
    role: 'teloring_engine',
    maxConnections: 1,
    applicationName: 'bench-observer',
  });
  const seenAtMs = new Map<string, number>();
  let cursor: FeedCursor = await feedEnd(db);
  let stopping = false;
  const reading = (async () => {
    while (!stopping) {
      const events = await readEvents(db, null, cursor, 500);
      const nowMs = performance.now();
      for (const event of events) {
        cursor = { xid: event.xid, position: event.position };
        const { messageId } = event.data;
        if (event.name === 'message.created' && typeof messageId === 'string') seenAtMs.set(messageId, nowMs);
      }
      if (events.length < 500) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return {
    async stop(ids: readonly string[], visibleMs: number[], startMs: number): Promise<void> {
      // The last ones pass the feed's horizon a moment after their replies.
      await new Promise((resolve) => setTimeout(resolve, 200));
      stopping = true;
      await reading;
      const rows = await db
        .selectFrom('messages')
        .select(['id', 'provider_message_id'])
        .where('direction', '=', 'in')
        .where('provider_message_id', 'in', ids)
        .execute();
      for (const row of rows) {
        const seenMs = seenAtMs.get(row.id);
        const message = sent.get(row.provider_message_id ?? '');
        if (seenMs !== undefined && message) visibleMs.push(Math.max(0, seenMs - message.atMs));
      }
      if (visibleMs.length === 0)
        throw new Error(`No message became visible in ${performance.now() - startMs} ms.`);
      await db.destroy();
    },
  };
}
