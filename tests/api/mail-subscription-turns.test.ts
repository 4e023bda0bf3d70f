/** Subscriptions that are all due at once leave the pool's connections to everybody else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { uuidV7 } from '#domain/ids.ts';
import { keepMailSubscription, type MailSubscriptionDeps } from '../../activities/mail-subscription.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('thirty looks at once: queries go on, each look is made, and a waiting one is made once for all who want it', async () => {
  const pool = poolOf(database.engine);
  const asked: string[] = [];
  const held = Promise.withResolvers<null>();
  const deps = {
    pool,
    inboxes: {
      invalidate: () => undefined,
      // As long as a provider that doesn't answer.
      byId: (id: string): Promise<CachedInbox | null> => {
        asked.push(id);
        return held.promise;
      },
    },
    // What a look at an inbox that is gone needs.
  } as unknown as MailSubscriptionDeps;
  const ids = Array.from({ length: 30 }, () => uuidV7());
  const looks = [...ids, ...ids].map((id) => keepMailSubscription(deps, id, 'due'));
  await eventually('looks to begin', () => asked.length > 0);
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: 5 }, () => pool.query('select 1')));
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  held.resolve(null);
  expect(new Set((await Promise.all(looks)).map(({ kind }) => kind))).toEqual(new Set(['gone']));
  expect(new Set(asked)).toEqual(new Set(ids));
  // The first ones had begun when they were wanted again.
  expect(asked.length).toBeLessThanOrEqual(ids.length + 2);
});
