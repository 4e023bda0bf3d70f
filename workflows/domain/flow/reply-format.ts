/**
 * What counts as an answer, per format. Rules a person can be told:
 * number — digits with one decimal point or comma; a space or apostrophe before three digits groups; "1,234" is a thousand, "1,5" one and a half.
 * phone — 7 to 15 digits, with + or 00 as an international number (kept as +…), else the digits as they are.
 * date — 2025-12-31, 31.12.2025 or 31/12/2025: day first, unless only the other way round is a date.
 * Digits of any script count. An e-mail address may stand inside a sentence if it is the only one.
 */
import { isMedia, type ChoiceOption } from '../message.ts';
import type { Json } from '../json.ts';
import type { MessageView } from './types.ts';

export const REPLY_FORMATS = ['text', 'number', 'email', 'phone', 'date', 'choice'] as const;
export type ReplyFormat = (typeof REPLY_FORMATS)[number];
export type Verdict = { kind: 'valid'; value: Json; label?: string } | { kind: 'invalid'; problem: string };

const valid = (value: Json, label?: string): Verdict => ({
  kind: 'valid',
  value,
  ...(label === undefined ? {} : { label }),
});
const invalid = (problem: string): Verdict => ({ kind: 'invalid', problem });

/** Zeros of the decimal digits people write in: Arabic, Persian, Devanagari, Bengali, Thai, Khmer, Myanmar. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x17e0, 0x1040];
/** Trimmed, full-width and foreign digits as ASCII. */
function plain(text: string): string {
  const folded = text.normalize('NFKC').trim();
  return folded.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    const zero = zeros.find((start) => code >= start && code < start + 10);
    return zero === undefined ? digit : String(code - zero);
  });
}

function readNumber(text: string): number | null {
  const signed = plain(text).replace('−', '-');
  if (signed.length > 40) return null;
  let digits = signed.replace(/(?<=\d)[ '’_](?=\d{3}(?!\d))/gu, '');
  const comma = digits.lastIndexOf(',');
  const point = digits.lastIndexOf('.');
  if (comma >= 0 && point >= 0) {
    const grouping = comma > point ? '.' : ',';
    digits = digits.replaceAll(grouping, '').replace(',', '.');
  } else if (comma >= 0) {
    digits = /^[-+]?\d{1,3}(?:,\d{3})+$/.test(digits) ? digits.replaceAll(',', '') : digits.replace(',', '.');
  } else if (/^[-+]?\d{1,3}(?:\.\d{3}){2,}$/.test(digits)) {
    digits = digits.replaceAll('.', '');
  }
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(digits) ? Number(digits) : null;
}

function readEmail(text: string): string | null {
  const words = text
    .trim()
    .slice(0, 2000)
    .split(/[\s<>()[\],;"]+/u)
    .map((word) => word.replace(/^mailto:/iu, '').replace(/[.!?:']+$/u, ''));
  const found = words.filter(
    (word) =>
      word.length <= 254 && /^[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+$/u.test(word) && !word.includes('..'),
  );
  return new Set(found).size === 1 ? (found[0] ?? null) : null;
}

function readPhone(text: string): string | null {
  const compact = plain(text).replace(/[\s().\-/‐-―]/gu, '');
  const international = /^(?:\+|00)([1-9]\d{6,14})$/.exec(compact);
  if (international) return `+${international[1]}`;
  return /^\d{7,15}$/.test(compact) ? compact : null;
}

function readDate(text: string): string | null {
  const compact = plain(text);
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(compact);
  if (iso) return calendarDate(iso[1], iso[2], iso[3]);
  const other = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(compact);
  return other
    ? (calendarDate(other[3], other[2], other[1]) ?? calendarDate(other[3], other[1], other[2]))
    : null;
}
function calendarDate(year = '', month = '', day = ''): string | null {
  const written = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const time = Date.parse(`${written}T00:00:00.000Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(written) ? written : null;
}

/** By the button pressed, else by id, label (whatever the case) or number in the list. */
function readChoice(reply: MessageView, choices: readonly ChoiceOption[]): Verdict {
  const pressed = reply.parts.findLast((part) => part.kind === 'choice_reply');
  const said = plain(reply.text).toLowerCase();
  const same = (text: string): boolean => plain(text).toLowerCase() === said;
  const chosen =
    choices.find(({ id }) => id === pressed?.id) ??
    choices.find(({ id }) => id === reply.text.trim()) ??
    choices.find(({ label }) => same(label)) ??
    choices.find(({ id }) => same(id)) ??
    (/^\d{1,3}[.)]?$/.test(said) ? choices[Number.parseInt(said, 10) - 1] : undefined);
  return chosen === undefined ? invalid('This is none of the choices.') : valid(chosen.id, chosen.label);
}

const told = (value: Json | null, problem: string): Verdict =>
  value === null ? invalid(problem) : valid(value);
const readers: Record<ReplyFormat, (reply: MessageView, choices: readonly ChoiceOption[]) => Verdict> = {
  text: ({ text, parts }) => {
    const something =
      text.trim() !== '' ||
      parts.some((part) => isMedia(part) || part.kind === 'location' || part.kind === 'contact_card');
    return something ? valid(text.trim()) : invalid('The reply has no text.');
  },
  number: ({ text }) => told(readNumber(text), 'This is not a number.'),
  email: ({ text }) => told(readEmail(text), 'This is not one e-mail address.'),
  phone: ({ text }) => told(readPhone(text), 'This is not a phone number.'),
  date: ({ text }) => told(readDate(text), 'This is not a date.'),
  choice: readChoice,
};

export function readReply(
  format: ReplyFormat,
  reply: MessageView,
  choices: readonly ChoiceOption[],
): Verdict {
  return readers[format](reply, choices);
}
