import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createConnection } from '../../../studio-ui/widget/frame/connection.ts';
import type { Store } from '../../../studio-ui/widget/frame/storage.ts';

function memory(entries: Record<string, string>): Store {
  const kept = new Map(Object.entries(entries));
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => void kept.set(key, value),
    remove: (key) => void kept.delete(key),
    keys: () => [...kept.keys()],
  };
}
const left = (person?: string) =>
  memory({
    session: JSON.stringify({ token: 'before', renewAtMs: Date.now() + 60_000, person }),
    'outbox/1': '{"body":{"kind":"text","text":"my card is 4711"}}',
    draft: 'and its code is',
  });
const identity = { externalId: 'ann', hash: 'f00' };

beforeEach(() => {
  // A browser takes addresses relative to its page.
  vi.stubGlobal('Request', Object);
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify({ token: 'after' }), { status: 201 }));
});
afterEach(() => vi.unstubAllGlobals());

it('says nothing of one person’s as another', async () => {
  const store = left('bob');
  await createConnection(store).identify(identity);
  expect(store.keys()).toEqual(['session']);
  expect(store.get('session')).toContain('"person":"ann"');
});

it.each([undefined, 'ann'])('keeps what is unsent of who was %s', async (person) => {
  const store = left(person);
  await createConnection(store).identify(identity);
  expect(store.keys().toSorted()).toEqual(['draft', 'outbox/1', 'session']);
  expect(store.get('session')).toContain('after');
});
