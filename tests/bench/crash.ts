/** kill -9 of everything in mid-load: what is lost, what is doubled, how soon the first reply comes after the restart. */
import pg from 'pg';
import { checkInvariants } from '../support/invariants.ts';
import type { Product } from '../support/product.ts';
import type { LoadResult } from './load.ts';
import { factsOf, prepareInboxes, startTeloring, type Load } from './subjects.ts';

export interface CrashNumbers {
  messages: number;
  /** Accepted, and no message of it in the conversation; or no reply at the provider and none marked *unknown*. */
  lost: number;
  doubled: number;
  /** Marked *unknown* (the provider may or may not have it): where no resend is safe, a person decides. Of these, how many arrived. */
  unknown: number;
  unknownArrived: number;
  restartMs: number;
  firstReplyMs: number;
  invariants: string;
}

/** @returns the numbers, and the product as it runs after the restart */
export async function crash(
  load: Load,
  product: Product,
  count: number,
  idempotent: boolean,
): Promise<{ numbers: CrashNumbers; product: Product }> {
  const facts = await factsOf(product.home);
  const [inbox] = await prepareInboxes(facts, product.url, load.receiverUrl, [{ idempotent }]);
  if (!inbox) throw new Error('No inbox.');
  const tag = `crash-${idempotent ? 'safe' : 'unsafe'}-${Date.now()}`;
  const killed = Promise.withResolvers<void>();
  let killing = false;
  const running = load.run(
    {
      tag,
      target: inbox.url,
      ...(inbox.secret === undefined ? {} : { secret: inbox.secret }),
      count,
      senders: 32,
      until: 'acked',
      contacts: Math.ceil(count / 4),
      retryMs: 250,
      replies: true,
      giveUpMs: 25_000,
    },
    (acked) => {
      if (killing || acked < count / 2) return;
      killing = true;
      product.kill9All().then(killed.resolve, killed.reject);
    },
  );
  // Where the restart fails, that is what is said.
  running.catch(() => undefined);
  await killed.promise;
  const downAtMs = Date.now();
  // What was already on its way to the provider is heard within moments and doesn't count.
  const firstReply = load.firstReplyAfter(downAtMs + 100);
  firstReply.catch(() => undefined);
  const { home, port } = product;
  const again = await startTeloring({}, { home, port });
  const readyAtMs = Date.now();
  const firstReplyAtMs = await firstReply;
  const result = await running;
  return {
    product: again,
    numbers: {
      ...(await judge(facts.databaseUrl, inbox.id, count, result)),
      restartMs: readyAtMs - downAtMs,
      firstReplyMs: Math.max(0, firstReplyAtMs - readyAtMs),
    },
  };
}

async function judge(databaseUrl: string, inboxId: string, count: number, result: LoadResult) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  try {
    const { rows } = await pool.query<{ id: string; unknown: boolean }>(
      `select i.provider_message_id as id,
              exists (select from messages o join outbox x on x.message_id = o.id
                       where o.conversation_id = i.conversation_id and o.direction = 'out'
                         and o.text = 'You said: ' || i.text and x.state = 'unknown') as unknown
         from messages i where i.inbox_id = $1 and i.direction = 'in'`,
      [inboxId],
    );
    const unknown = new Set(rows.filter((row) => row.unknown).map((row) => row.id));
    const unanswered = new Set(result.unanswered);
    return {
      messages: count,
      lost: count - rows.length + [...unanswered].filter((id) => !unknown.has(id)).length,
      doubled: result.doubled + rows.length - new Set(rows.map((row) => row.id)).size,
      unknown: unknown.size,
      unknownArrived: [...unknown].filter((id) => !unanswered.has(id)).length,
      invariants: await settledInvariants(pool),
    };
  } finally {
    await pool.end();
  }
}

/** They speak of a system at rest: the last leases and wakes settle within seconds. */
async function settledInvariants(pool: pg.Pool): Promise<string> {
  const untilMs = Date.now() + 30_000;
  for (;;) {
    try {
      await checkInvariants(pool);
      return 'hold';
    } catch (error) {
      if (Date.now() > untilMs) return (error as Error).message;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
