/** The thread as it is drawn: server's messages and unsent ones in one list, with day lines and groups of one author. */
import type { Language } from '../language.ts';
import type { Outgoing } from './outbox.ts';
import type { ChoiceOption, ThreadMessage, ThreadPart } from './wire.ts';
import type { Say } from './words.svelte.ts';

export interface Speech {
  say: Say;
  language: Language;
}

export interface UnsentFile {
  kind: 'unsent_file';
  clientMessageId: string;
  name: string;
  sizeBytes: number;
  isImage: boolean;
}

export interface Row {
  key: string;
  from: ThreadMessage['from'];
  name: string;
  parts: (ThreadPart | UnsentFile)[];
  deleted: boolean;
  at: Date;
  /** A line above: the first message of a day. */
  day: string | null;
  /** First and last of a group: name above, time and corner below. */
  first: boolean;
  last: boolean;
  unsent: Outgoing | null;
  /** The choices may still be answered here. */
  answerable: boolean;
  /** Where it stands; null while it is unsent. */
  place: { conversationId: string; seq: number } | null;
}

const groupMs = 5 * 60_000;

export function rowsOf(
  messages: readonly ThreadMessage[],
  outgoing: readonly Outgoing[],
  now: Date,
  speech: Speech,
): Row[] {
  const all = [...messages.map((message) => rowOfMessage(message, speech)), ...outgoing.map(rowOfOutgoing)];
  const lastOwn = all.findLastIndex((row) => row.from === 'visitor' && row.unsent?.state !== 'failed');
  all.forEach((row, index) => {
    const [before, after] = [all[index - 1], all[index + 1]];
    row.day = before && sameDay(before.at, row.at) ? null : dayName(row.at, now, speech);
    row.first = !before || row.day !== null || !grouped(before, row);
    row.last = !after || !sameDay(row.at, after.at) || !grouped(row, after);
    row.answerable = index > lastOwn;
  });
  return all;
}

function rowOfMessage(message: ThreadMessage, { say }: Speech): Row {
  const name = message.from === 'agent' ? (message.name ?? say('ourTeam')) : say('assistant');
  return {
    ...blank,
    key: message.clientMessageId ?? message.id,
    from: message.from,
    name,
    parts: message.parts,
    deleted: message.deleted ?? false,
    at: new Date(message.createdAt),
    place: { conversationId: message.conversationId, seq: message.seq },
  };
}

function rowOfOutgoing(entry: Outgoing): Row {
  const { clientMessageId: key, body } = entry;
  const part =
    body.kind === 'text'
      ? { kind: 'text' as const, text: body.text }
      : body.kind === 'choice'
        ? { kind: 'choice_reply' as const, ...body.choice }
        : {
            kind: 'unsent_file' as const,
            clientMessageId: key,
            name: body.name,
            sizeBytes: body.sizeBytes,
            isImage: body.mimeType.startsWith('image/') && body.mimeType !== 'image/heic',
          };
  return {
    ...blank,
    key,
    from: 'visitor',
    name: '',
    parts: [part],
    deleted: false,
    at: new Date(entry.atMs),
    unsent: entry,
  };
}

const blank = { day: null, first: true, last: true, unsent: null, answerable: false, place: null };

function grouped(a: Row, b: Row): boolean {
  return a.from === b.from && a.name === b.name && b.at.getTime() - a.at.getTime() < groupMs;
}
function sameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

function dayName(day: Date, now: Date, { say, language }: Speech): string {
  if (sameDay(day, now)) return say('today');
  if (sameDay(day, new Date(now.getTime() - 86_400_000))) return say('yesterday');
  const year = day.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return day.toLocaleDateString(language, { weekday: 'long', day: 'numeric', month: 'long', ...year });
}

export function timeText(at: Date, language: Language): string {
  return at.toLocaleTimeString(regional(language), { hour: 'numeric', minute: '2-digit' });
}

/** A size as people say it: 340 kB, 2.1 MB. */
export function sizeText(bytes: number, language: Language): string {
  const [unit, size] =
    bytes < 1024 * 1024
      ? (['kilobyte', bytes / 1024] as const)
      : (['megabyte', bytes / 1024 / 1024] as const);
  const digits = unit === 'megabyte' && size < 10 && size % 1 !== 0 ? 1 : 0;
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: digits }).format(
    Math.max(size, digits === 0 ? 1 : 0),
  );
}

/** The exact moment, for who wants to know. */
export function momentText(at: Date, language: Language): string {
  return at.toLocaleString(regional(language), { dateStyle: 'full', timeStyle: 'short' });
}

/** The browser's own region of this language where it has one: an American and an Irish clock differ. */
function regional(language: Language): string {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? language;
}

/** The options of the row's choices, if it has any. */
export function optionsOf(row: Row): ChoiceOption[] {
  return row.parts.flatMap((part) => (part.kind === 'choices' ? part.options : []));
}

/** Text cut into plain pieces and web addresses, so that links are elements and never markup. */
export function linked(text: string): { text: string; href: string | null }[] {
  return text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/).flatMap((piece, index) => {
    if (piece === '') return [];
    return [{ text: piece, href: index % 2 === 1 && URL.canParse(piece) ? piece : null }];
  });
}
