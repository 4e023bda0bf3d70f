/** The whole product killed in mid-burst: 500 messages, a fifth delivered twice, shuffled. Nothing lost, nothing doubled, order kept. */
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { factsOf } from '../bench/subjects.ts';
import { startCallbackReceiver } from '../support/callback-receiver.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startProduct, type Product } from '../support/product.ts';
import { sign } from '../support/stack.ts';

const total = 500;
const contacts = 60;

/** A fixed seed, printed with the test's name: the same shuffle every time. */
function shuffled<T>(items: T[], seed: number): T[] {
  let state = seed;
  const random = (): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
  const result = [...items];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}

/** What is still open, for the message of a failure. */
async function left(pool: pg.Pool): Promise<unknown> {
  const { rows } = await pool.query(
    `select (select json_agg(x) from (select id, started_at, ingested_at, done_at, received_at from inbound_events where kind = 'message' and done_at is null limit 3) x) as events,
            (select json_agg(x) from (select id, owner, run_id, cursor, last_in_seq, lease_holder, lease_at, updated_at from conversations where cursor < last_in_seq or lease_holder is not null limit 3) x) as conversations,
            (select json_agg(x) from (select state, claimed_at, claim_expires_at, not_before, attempts, error, run_id from outbox where state in ('planned', 'sending') limit 3) x) as outbox,
            (select json_agg(x) from (select id, status, wake_no, woken_no from runs where wake_no > woken_no limit 3) x) as owed, now()`,
  );
  return rows[0];
}

test('kill -9 of everything in mid-burst loses nothing and doubles nothing (seed 7)', async () => {
  const receiver = await startCallbackReceiver();
  let product: Product = await startProduct();
  const { home, port, apiKey, url } = product;
  const api = async (method: string, pathname: string, body: unknown): Promise<Record<string, never>> => {
    const response = await fetch(`${url}${pathname}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, never>;
    if (!response.ok) throw new Error(`${method} ${pathname}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  try {
    const created = await api('POST', '/api/inboxes', {
      type: 'api',
      name: 'Burst',
      credentials: { callbackUrl: receiver.url },
    });
    const { inbox, secret } = created as unknown as { inbox: { id: string }; secret: string };
    const flow = (await api('POST', '/api/flows', { name: 'Echo' })) as unknown as { id: string };
    await api('PUT', `/api/flows/${flow.id}/draft`, {
      schemaVersion: 1,
      triggers: [{ kind: 'message_received', inboxIds: [inbox.id], match: { kind: 'any' } }],
      entry: 'reply',
      steps: {
        reply: {
          kind: 'send',
          params: { text: 'You said: {{message.text}}' },
          exits: { next: null, failed: null },
        },
      },
    });
    await api('POST', `/api/flows/${flow.id}/publish`, {});

    const ids = Array.from({ length: total }, (_, index) => index);
    const queue = shuffled([...ids, ...ids.filter((id) => id % 5 === 0)], 7);
    let accepted = 0;
    const half = Math.floor(queue.length / 2);
    const killed = Promise.withResolvers<void>();
    const acceptedIds = new Set<number>();
    const send = async (id: number): Promise<void> => {
      const raw = JSON.stringify({
        id: `burst-${id}`,
        from: { id: `contact-${id % contacts}` },
        text: `message ${id}`,
      });
      for (const end = Date.now() + 120_000; Date.now() < end;) {
        const response = await fetch(`${url}/webhooks/api/${inbox.id}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-teloring-signature': sign(secret, raw) },
          body: raw,
          signal: AbortSignal.timeout(5_000),
        }).catch(() => null);
        if (response?.status === 202) {
          accepted += 1;
          acceptedIds.add(id);
          if (accepted === half) product.kill9All().then(killed.resolve, killed.reject);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error(`Message ${id} was never accepted.`);
    };
    const senders = Array.from({ length: 16 }, async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) await send(id);
    });
    const restart = (async () => {
      await killed.promise;
      product = await startProduct({ home, port });
    })();
    await Promise.all([...senders, restart]);
    expect(acceptedIds.size).toBe(total);

    const pool = new pg.Pool({ connectionString: (await factsOf(home)).databaseUrl, max: 2 });
    try {
      const open = async (): Promise<number> =>
        Number(
          (
            await pool.query<{ open: string }>(
              `select (select count(*) from inbound_events where kind = 'message' and done_at is null)
                    + (select count(*) from conversations where cursor < last_in_seq or lease_holder is not null)
                    + (select count(*) from outbox where state in ('planned', 'sending'))
                    + (select count(*) from runs where wake_no > woken_no) as open`,
            )
          ).rows[0]?.open ?? 1,
        );
      for (const end = Date.now() + 90_000; (await open()) > 0;) {
        if (Date.now() > end)
          throw new Error(`The burst is not drained after 90 s: ${JSON.stringify(await left(pool))}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      await checkInvariants(pool);
      const messages = await pool.query(
        `select count(*)::int as n, count(distinct text)::int as texts from messages where inbox_id = $1 and direction = 'in'`,
        [inbox.id],
      );
      expect(messages.rows[0]).toEqual({ n: total, texts: total });
      const replies = await pool.query<{ id: string; state: string; text: string }>(
        `select o.id, o.state, m.text from outbox o join messages m on m.id = o.message_id where o.inbox_id = $1`,
        [inbox.id],
      );
      expect(new Set(replies.rows.map((row) => row.text)).size).toBe(total);
      const got = new Map<string, number>();
      for (const { key } of receiver.deliveries) got.set(key, (got.get(key) ?? 0) + 1);
      for (const { id, state } of replies.rows) {
        expect(['sent', 'unknown']).toContain(state);
        expect(got.get(id) ?? 0).toBeLessThanOrEqual(1);
        if (state === 'sent') expect(got.get(id)).toBe(1);
      }
      // Only calls that were open in the very moment of the kill can be unknown.
      expect(replies.rows.filter((row) => row.state === 'unknown').length).toBeLessThanOrEqual(40);
    } finally {
      await pool.end();
    }
  } finally {
    await product.stop().catch(() => product.kill9All());
    await receiver.close();
    await rm(home, { recursive: true, force: true });
  }
});
