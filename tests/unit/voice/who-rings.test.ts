import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RING_STRATEGIES, type PresenceStatus } from '#domain/call.ts';
import { MOST_RINGING, whoRings, type Candidate } from '#domain/who-rings.ts';

const person = (userId: string, more: Partial<Candidate> = {}): Candidate => ({
  userId,
  status: 'online',
  isRung: false,
  lastRungAtMs: null,
  lastCallAtMs: null,
  ...more,
});

describe('whom a call rings', () => {
  test('all: everybody who is free, and nobody else', () => {
    const statuses: PresenceStatus[] = ['online', 'busy', 'away', 'offline'];
    const people = [
      ...statuses.map((status) => person(status, { status })),
      person('rung', { isRung: true }),
    ];
    expect(whoRings(people, 'all')).toEqual(['online']);
  });
  test('all: at most as many as a provider rings at once', () => {
    const people = Array.from({ length: 30 }, (_, at) => person(`p${String(at).padStart(2, '0')}`));
    expect(whoRings(people, 'all')).toHaveLength(MOST_RINGING);
  });
  test('round robin: who was rung longest ago, first of all who never was', () => {
    const people = [
      person('a', { lastRungAtMs: 300 }),
      person('b', { lastRungAtMs: 100 }),
      person('c', { lastRungAtMs: 200 }),
    ];
    expect(whoRings(people, 'round_robin')).toEqual(['b']);
    expect(whoRings([...people, person('d')], 'round_robin')).toEqual(['d']);
  });
  test('round robin goes round', () => {
    const people = ['a', 'b', 'c'].map((id) => person(id));
    const order: string[] = [];
    for (let now = 1; now <= 6; now += 1) {
      const [chosen = ''] = whoRings(people, 'round_robin');
      order.push(chosen);
      const found = people.find(({ userId }) => userId === chosen);
      if (found) found.lastRungAtMs = now;
    }
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });
  test('longest idle: whose last call ended longest ago, whatever rang since', () => {
    const people = [
      person('a', { lastCallAtMs: 300, lastRungAtMs: 1 }),
      person('b', { lastCallAtMs: 100, lastRungAtMs: 900 }),
    ];
    expect(whoRings(people, 'longest_idle')).toEqual(['b']);
  });
  test('nobody free: nobody', () => {
    for (const strategy of RING_STRATEGIES)
      expect(whoRings([person('a', { status: 'busy' })], strategy)).toEqual([]);
  });
  test('only free people, each once, whoever there is and in whatever order they are told', () => {
    const candidate = fc.record({
      userId: fc.uuid(),
      status: fc.constantFrom<PresenceStatus>('online', 'busy', 'away', 'offline'),
      isRung: fc.boolean(),
      lastRungAtMs: fc.option(fc.nat()),
      lastCallAtMs: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(candidate, { selector: ({ userId }) => userId }),
        fc.constantFrom(...RING_STRATEGIES),
        (people, strategy) => {
          const chosen = whoRings(people, strategy);
          const free = people
            .filter(({ status, isRung }) => status === 'online' && !isRung)
            .map(({ userId }) => userId);
          expect(chosen.every((id) => free.includes(id))).toBe(true);
          expect(new Set(chosen).size).toBe(chosen.length);
          expect(chosen.length > 0).toBe(free.length > 0);
          expect(whoRings(people.toReversed(), strategy)).toEqual(chosen);
        },
      ),
    );
  });
});
