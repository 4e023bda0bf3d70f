import type { Json } from '../json.ts';
import { cutText, toText } from './path.ts';

export type Literal = string | number | boolean | null;
type Filter = (value: Json | undefined, args: readonly Literal[]) => Json | undefined;

const missing = (value: Json | undefined): boolean => value === undefined || value === null || value === '';
const text =
  (change: (text: string, args: readonly Literal[]) => string): Filter =>
  (value, args) =>
    change(toText(value), args);

/** The whitelist: nothing else can be called from a template. Each is total. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  default: (value, [fallback]) => (missing(value) ? (fallback ?? '') : value),
  upper: text((value) => value.toUpperCase()),
  lower: text((value) => value.toLowerCase()),
  trim: text((value) => value.trim()),
  capitalize: text((value) => {
    const first = value.codePointAt(0);
    return first === undefined
      ? ''
      : String.fromCodePoint(first).toUpperCase() + value.slice(first > 0xffff ? 2 : 1);
  }),
  first_name: text((value) => value.trim().split(/\s+/u)[0] ?? ''),
  truncate: text((value, [length, ending]) => {
    const max = typeof length === 'number' && length >= 0 ? length : 100;
    return value.length <= max ? value : cutText(value, max).trimEnd() + toText(ending ?? '…');
  }),
  number: text((value, [decimals]) => {
    const parsed = Number(value);
    if (value.trim() === '' || !Number.isFinite(parsed)) return value;
    return typeof decimals === 'number'
      ? parsed.toFixed(Math.min(20, Math.max(0, Math.floor(decimals))))
      : String(parsed);
  }),
  date: text((value, [pattern, timeZone]) =>
    formatDate(value, toText(pattern ?? 'YYYY-MM-DD'), toText(timeZone ?? 'UTC')),
  ),
  json: (value) => JSON.stringify(value ?? null),
  urlencode: text((value) => encodeURIComponent(value.toWellFormed())),
  join: (value, [separator]) =>
    Array.isArray(value) ? value.map(toText).join(toText(separator ?? ', ')) : toText(value),
};

/** `YYYY MM DD HH mm ss` filled in; text that is no date stays as it is, an unknown time zone means UTC. */
function formatDate(value: string, pattern: string, timeZone: string): string {
  const time = Date.parse(value);
  if (value === '' || Number.isNaN(time)) return value;
  const parts = zoned(time, timeZone) ?? zoned(time, 'UTC') ?? {};
  return pattern.replace(/YYYY|MM|DD|HH|mm|ss/g, (token) => parts[token] ?? token);
}

const tokens: Record<string, string> = {
  year: 'YYYY',
  month: 'MM',
  day: 'DD',
  hour: 'HH',
  minute: 'mm',
  second: 'ss',
};
function zoned(time: number, timeZone: string): Record<string, string> | null {
  const two = '2-digit' as const;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
    return Object.fromEntries(
      format.formatToParts(time).map((part) => [tokens[part.type] ?? part.type, part.value]),
    );
  } catch {
    return null; // no such time zone: the caller falls back to UTC
  }
}
