/** Until when a conversation may sleep. Pure; all in the browser's time zone. */
export interface SnoozeChoice {
  label: string;
  hint: string;
  untilMs: number;
}
const HOUR_MS = 3_600_000;

export function snoozeChoices(nowMs: number): SnoozeChoice[] {
  const tomorrow = atNine(nowMs, 1);
  const daysToMonday = (8 - new Date(nowMs).getDay()) % 7 || 7;
  return [
    choice('In 1 hour', nowMs + HOUR_MS),
    choice('In 4 hours', nowMs + 4 * HOUR_MS),
    choice('Tomorrow', tomorrow),
    choice('Next Monday', atNine(nowMs, daysToMonday)),
  ];
}
function choice(label: string, untilMs: number): SnoozeChoice {
  const date = new Date(untilMs);
  const hint = date.toLocaleString(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' });
  return { label, hint, untilMs };
}
function atNine(nowMs: number, daysAhead: number): number {
  const date = new Date(nowMs);
  date.setDate(date.getDate() + daysAhead);
  return date.setHours(9, 0, 0, 0);
}
