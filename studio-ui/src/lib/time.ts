/** Times and durations in words. All pure; `nowMs` comes from the caller. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "now", "4 min", "3 h", "2 d", then the date. `isLong` says "4 minutes ago". */
export function relativeTime(atMs: number, nowMs: number, isLong = false): string {
  const elapsed = nowMs - atMs;
  if (elapsed < -MINUTE) return isLong ? `in ${duration(-elapsed)}` : duration(-elapsed);
  if (elapsed < MINUTE) return isLong ? 'just now' : 'now';
  if (elapsed < 7 * DAY) return isLong ? `${duration(elapsed)} ago` : duration(elapsed);
  return shortDate(atMs, nowMs);
}

/** The largest fitting unit, or two where the second one matters: "850 ms", "12 s", "4 min", "2 h 10 min", "3 d 4 h". */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1).replace(/\.0$/, '')} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return pair(Math.floor(ms / HOUR), 'h', Math.floor((ms % HOUR) / MINUTE), 'min');
  return pair(Math.floor(ms / DAY), 'd', Math.floor((ms % DAY) / HOUR), 'h');
}
const pair = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 || large >= 10 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;

/** "22 h more", "overdue by 3 min". */
export function remaining(untilMs: number, nowMs: number): string {
  return untilMs >= nowMs ? `${duration(untilMs - nowMs)} more` : `overdue by ${duration(nowMs - untilMs)}`;
}

export function exactTime(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}
export function clockTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

/** "Today", "Yesterday", "Monday", "12 March", "12 March 2024": a day separator's words. */
export function dayWord(atMs: number, nowMs: number): string {
  const days = Math.round((startOfDay(nowMs) - startOfDay(atMs)) / DAY);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const date = new Date(atMs);
  if (days > 1 && days < 7) return date.toLocaleDateString(undefined, { weekday: 'long' });
  const isThisYear = date.getFullYear() === new Date(nowMs).getFullYear();
  return date.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'long',
    ...(isThisYear ? {} : { year: 'numeric' }),
  });
}
export function shortDate(atMs: number, nowMs: number): string {
  const date = new Date(atMs);
  const isThisYear = date.getFullYear() === new Date(nowMs).getFullYear();
  return date.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    ...(isThisYear ? {} : { year: '2-digit' }),
  });
}
export function startOfDay(atMs: number): number {
  return new Date(atMs).setHours(0, 0, 0, 0);
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} kB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}
