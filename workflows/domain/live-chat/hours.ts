/**
 * Business hours: a week in a time zone's own wall clock, and dates that differ from it. Whether it is open is read off that wall
 * clock, so that an hour that exists twice is open twice and one that doesn't exist never is.
 */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** `09:00` to `17:30`; `24:00` is the day's end. From is open, to is closed again. */
export interface Span {
  from: string;
  to: string;
}
/** A date (`2026-12-25`) with hours of its own; none = closed. */
export interface Holiday {
  date: string;
  name: string;
  spans: Span[];
}
export interface Schedule {
  /** IANA name. */
  timeZone: string;
  weekly: Record<Weekday, Span[]>;
  holidays: Holiday[];
}
export interface Openness {
  open: boolean;
  /** While closed: the first moment at which it is open again; null where that is more than a year away. */
  opensAt: Date | null;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const daysAhead = 400;

export function openAt(schedule: Schedule, instant: Date): Openness {
  if (isOpen(schedule, instant.getTime())) return { open: true, opensAt: null };
  const today = wallClock(schedule.timeZone, instant.getTime()).day;
  for (let day = today; day <= today + daysAhead * dayMs; day += dayMs) {
    const { timeZone } = schedule;
    const begins = spansOn(schedule, day).flatMap(({ from }) =>
      instantsOf(timeZone, day + minutesOf(from) * minuteMs),
    );
    // Set back, the clock may show an hour that is open once more.
    const again = jumpAround(timeZone, day).filter((at) => wallClock(timeZone, at).day === day);
    const starts = [...begins, ...again].filter((at) => at > instant.getTime() && isOpen(schedule, at));
    if (starts.length > 0) return { open: false, opensAt: new Date(Math.min(...starts)) };
  }
  return { open: false, opensAt: null };
}

export function isTimeZone(name: string): boolean {
  try {
    formatter(name);
    return true;
  } catch {
    return false;
  }
}

/** Minutes since midnight of `HH:MM`. */
export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

function isOpen(schedule: Schedule, atMs: number): boolean {
  const { day, minutes } = wallClock(schedule.timeZone, atMs);
  return spansOn(schedule, day).some(({ from, to }) => minutes >= minutesOf(from) && minutes < minutesOf(to));
}

/** @param day midnight UTC of the date it is in the zone */
function spansOn({ weekly, holidays }: Schedule, day: number): Span[] {
  const date = new Date(day);
  const written = date.toISOString().slice(0, 10);
  const holiday = holidays.find((each) => each.date === written);
  return holiday ? holiday.spans : weekly[WEEKDAYS[date.getUTCDay()] ?? 'sun'];
}

/**
 * The instants at which the zone's clock shows a wall time (given as if it were UTC): one, two where the clock is set back over it,
 * and where it is set forward over it the moment of that.
 */
function instantsOf(timeZone: string, wallMs: number): number[] {
  const offsets = new Set([-dayMs, dayMs].map((around) => offsetAt(timeZone, wallMs + around)));
  const shown = [...offsets]
    .map((offset) => wallMs - offset)
    .filter((at) => at + offsetAt(timeZone, at) === wallMs);
  if (shown.length > 0) return shown;
  // Skipped: the clock jumps over it.
  return jumpAround(timeZone, wallMs);
}

/** The moment within a day and a half of a wall time (given as if it were UTC) at which the clock is changed; none on most days. */
function jumpAround(timeZone: string, wallMs: number): number[] {
  let [before, after] = [wallMs - dayMs, wallMs + 1.5 * dayMs];
  const offset = offsetAt(timeZone, before);
  if (offsetAt(timeZone, after) === offset) return [];
  while (after - before > minuteMs) {
    const middle = before + Math.floor((after - before) / 2 / minuteMs) * minuteMs;
    if (offsetAt(timeZone, middle) === offset) before = middle;
    else after = middle;
  }
  return [after];
}

/** How far the zone's clock is ahead of UTC. */
function offsetAt(timeZone: string, atMs: number): number {
  const { day, minutes } = wallClock(timeZone, atMs);
  return day + minutes * minuteMs - Math.floor(atMs / minuteMs) * minuteMs;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formatters.set(timeZone, made);
  return made;
}

/** What the zone's clock and calendar show: the date as its midnight UTC, and the minutes since midnight. */
function wallClock(timeZone: string, atMs: number): { day: number; minutes: number } {
  const shown = new Map(
    formatter(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => shown.get(type) ?? 0;
  return {
    day: Date.UTC(part('year'), part('month') - 1, part('day')),
    minutes: part('hour') * 60 + part('minute'),
  };
}
