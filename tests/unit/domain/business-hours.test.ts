import { describe, expect, it, test } from 'vitest';
import { isTimeZone, openAt, WEEKDAYS, type Schedule } from '#domain/live-chat/hours.ts';

const quarterMs = 15 * 60_000;
const office = [{ from: '09:00', to: '17:00' }];
const weekly = (
  spans: Schedule['weekly']['mon'],
  weekend: Schedule['weekly']['mon'] = [],
): Schedule['weekly'] => ({
  mon: spans,
  tue: spans,
  wed: spans,
  thu: spans,
  fri: spans,
  sat: weekend,
  sun: weekend,
});
const berlin: Schedule = { timeZone: 'Europe/Berlin', weekly: weekly(office), holidays: [] };
const at = (text: string) => new Date(text);
const opens = (schedule: Schedule, text: string): string | undefined =>
  openAt(schedule, at(text)).opensAt?.toISOString();

describe('business hours', () => {
  it('open at the first minute, closed at the last', () => {
    expect(openAt(berlin, at('2026-11-27T08:00:00Z'))).toEqual({ open: true, opensAt: null });
    expect(openAt(berlin, at('2026-11-27T15:59:59Z')).open).toBe(true);
    expect(openAt(berlin, at('2026-11-27T16:00:00Z')).open).toBe(false);
  });

  it('say when it opens again: over the weekend, over a holiday, on a day with hours of its own', () => {
    expect(opens(berlin, '2026-11-27T16:00:00Z')).toBe('2026-11-30T08:00:00.000Z');
    const holidays = [
      { date: '2026-12-25', name: 'Christmas', spans: [] },
      { date: '2026-12-28', name: '', spans: [{ from: '11:30', to: '14:00' }] },
    ];
    expect(opens({ ...berlin, holidays }, '2026-12-24T16:00:00Z')).toBe('2026-12-28T10:30:00.000Z');
    expect(openAt({ ...berlin, holidays }, at('2026-12-28T08:30:00Z')).open).toBe(false);
  });

  it('keep nine o’clock at nine when the clock changes', () => {
    const daily = { ...berlin, weekly: weekly(office, office) };
    expect(opens(daily, '2026-03-28T20:00:00Z')).toBe('2026-03-29T07:00:00.000Z');
    expect(opens(daily, '2026-10-24T20:00:00Z')).toBe('2026-10-25T08:00:00.000Z');
  });

  it('open at the jump where the hour they begin in doesn’t exist, and for both where it exists twice', () => {
    const night = { ...berlin, weekly: weekly([], [{ from: '02:30', to: '04:00' }]) };
    // 2026-03-29, 02:00 becomes 03:00.
    expect(opens(night, '2026-03-29T00:59:00Z')).toBe('2026-03-29T01:00:00.000Z');
    // 2026-10-25, 03:00 becomes 02:00: half past two comes twice, and stays open between.
    expect(opens(night, '2026-10-25T00:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(openAt(night, at('2026-10-25T01:10:00Z')).open).toBe(false);
    expect(opens(night, '2026-10-25T01:10:00Z')).toBe('2026-10-25T01:30:00.000Z');
    expect(openAt(night, at('2026-10-25T02:59:00Z')).open).toBe(true);
  });

  it('never open again where no hours are left', () => {
    expect(openAt({ ...berlin, weekly: weekly([]) }, at('2026-11-27T08:00:00Z'))).toEqual({
      open: false,
      opensAt: null,
    });
  });

  it('know time zones', () => {
    expect(isTimeZone('Pacific/Chatham')).toBe(true);
    expect(isTimeZone('Mars/Olympus')).toBe(false);
  });
});

/** What a clock on the wall there shows, by another way than the code's: the locale's own words. */
const clocks = new Map<string, { weekday: Intl.DateTimeFormat; written: Intl.DateTimeFormat }>();
function wall(timeZone: string, ms: number): { weekday: string; date: string; time: string } {
  const clock = clocks.get(timeZone) ?? {
    weekday: new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short' }),
    written: new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }),
  };
  clocks.set(timeZone, clock);
  const [date = '', time = ''] = clock.written.format(ms).split(' ');
  return { weekday: clock.weekday.format(ms).toLowerCase(), date, time };
}
function expectedOpen({ timeZone, weekly: week, holidays }: Schedule, ms: number): boolean {
  const { weekday, date, time } = wall(timeZone, ms);
  const day = WEEKDAYS.find((each) => each === weekday) ?? 'sun';
  const spans = holidays.find((holiday) => holiday.date === date)?.spans ?? week[day];
  return spans.some(({ from, to }) => time >= from && time < to);
}

const spans = [
  { from: '00:00', to: '01:15' },
  { from: '01:45', to: '02:45' },
  { from: '09:30', to: '24:00' },
];
// Half-hour steps, quarter-hour offsets, a change at midnight, a day without one.
test.each([
  'Europe/Berlin',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/Santiago',
  'Pacific/Apia',
])(
  'a year in %s, quarter by quarter, is what its clocks say',
  (timeZone) => {
    const schedule: Schedule = {
      timeZone,
      weekly: {
        ...weekly(spans),
        sat: [{ from: '02:15', to: '03:30' }],
        sun: [{ from: '00:30', to: '02:30' }],
      },
      holidays: [{ date: '2026-05-01', name: '', spans: [] }],
    };
    const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)];
    const wrong: string[] = [];
    let nextOpen = Number.NaN;
    for (let ms = to; ms >= from; ms -= quarterMs) {
      const open = expectedOpen(schedule, ms);
      if (open) nextOpen = ms;
      // Every quarter whether it is open; when it opens again, now and then.
      const found = openAt(schedule, new Date(ms));
      if (found.open !== open) wrong.push(`${new Date(ms).toISOString()} is ${open}`);
      if (!open && !Number.isNaN(nextOpen) && found.opensAt?.getTime() !== nextOpen)
        wrong.push(
          `${new Date(ms).toISOString()} opens ${new Date(nextOpen).toISOString()}, not ${found.opensAt?.toISOString()}`,
        );
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  },
  60_000,
);
