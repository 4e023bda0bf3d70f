import { describe, expect, it } from 'vitest';
import {
  bytes,
  dayWord,
  duration,
  plural,
  relativeTime,
  remaining,
} from '../../../studio-ui/src/lib/time.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const now = new Date(2026, 2, 12, 15, 30).getTime();

describe('durations in words', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [1_500, '1.5 s'],
    [2_000, '2 s'],
    [12_900, '12 s'],
    [59 * MINUTE, '59 min'],
    [2 * HOUR + 10 * MINUTE, '2 h 10 min'],
    [22 * HOUR + 10 * MINUTE, '22 h'],
    [3 * DAY + 4 * HOUR, '3 d 4 h'],
    [5 * DAY, '5 d'],
  ])('says %i ms as "%s"', (ms, words) => expect(duration(ms)).toBe(words));

  it('says what is left, and what is overdue', () => {
    expect(remaining(now + 22 * HOUR, now)).toBe('22 h more');
    expect(remaining(now - 3 * MINUTE, now)).toBe('overdue by 3 min');
  });
});

describe('relative times', () => {
  it('are short in lists and long in sentences', () => {
    expect(relativeTime(now - 10 * SECOND, now)).toBe('now');
    expect(relativeTime(now - 10 * SECOND, now, true)).toBe('just now');
    expect(relativeTime(now - 4 * MINUTE, now)).toBe('4 min');
    expect(relativeTime(now - 4 * MINUTE, now, true)).toBe('4 min ago');
    expect(relativeTime(now + 6 * DAY, now, true)).toBe('in 6 d');
  });
  it('become dates after a week, with the year only where it differs', () => {
    expect(relativeTime(now - 30 * DAY, now)).not.toMatch(/2026|26/);
    expect(relativeTime(now - 400 * DAY, now)).toMatch(/25/);
  });
});

describe('day separators', () => {
  it('follow the calendar, not 24 hours', () => {
    const earlyToday = new Date(2026, 2, 12, 0, 5).getTime();
    const lateYesterday = new Date(2026, 2, 11, 23, 55).getTime();
    expect(dayWord(earlyToday, now)).toBe('Today');
    expect(dayWord(lateYesterday, earlyToday)).toBe('Yesterday');
    expect(dayWord(new Date(2026, 2, 9, 12).getTime(), now)).toBe(
      new Date(2026, 2, 9).toLocaleDateString(undefined, { weekday: 'long' }),
    );
    expect(dayWord(new Date(2024, 2, 9, 12).getTime(), now)).toContain('2024');
  });
});

it('counts in words', () => {
  expect(plural(1, 'message')).toBe('1 message');
  expect(plural(0, 'message')).toBe('0 messages');
  expect(plural(2, 'needs', 'need')).toBe('2 need');
  expect(bytes(900)).toBe('900 B');
  expect(bytes(20_000)).toBe('20 kB');
  expect(bytes(3_500_000)).toBe('3.3 MB');
});
