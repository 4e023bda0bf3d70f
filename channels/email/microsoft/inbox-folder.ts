/** What is new in the mailbox's inbox folder: a delta query, and each mail whole. */
import { ChannelError } from '../../contract.ts';
import { HttpError } from '../../http-error.ts';
import { MAX_RAW_BYTES } from '../imap/limits.ts';
import { pathOfLink, type Graph } from './graph.ts';
import { deltaEntry, deltaPage, outline } from './wire.ts';

/** Where the next look goes on. */
export interface DeltaPlace {
  /** Nothing that came before this is taken in: ISO 8601. */
  since: string;
  /** What Graph gave us to ask with next; absent = from `since` on. */
  link?: string;
}
export interface NewMail {
  id: string;
  receivedAtMs: number;
}
export interface Changes {
  /** Oldest first. */
  mails: NewMail[];
  next: DeltaPlace;
  /** Whether there is nothing more just now. */
  complete: boolean;
}

const PAGE = 100;
const MOST_PAGES = 10;
/** Asked again from a little earlier: what comes twice is known by its Message-ID. */
const OVERLAP_MS = 60 * 60_000;

/**
 * Collects up to a thousand new mails' ids, so that they can be put in order.
 * @throws ChannelError
 */
export async function readChanges(graph: Graph, place: DeltaPlace, signal: AbortSignal): Promise<Changes> {
  const mails: NewMail[] = [];
  let next = place;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await readPage(graph, next, signal);
    mails.push(...page.mails);
    next = page.next;
    if (page.complete) return { mails: ordered(mails), next, complete: true };
  }
  return { mails: ordered(mails), next, complete: false };
}

const ordered = (mails: NewMail[]): NewMail[] =>
  mails.toSorted((one, other) => one.receivedAtMs - other.receivedAtMs);

async function readPage(graph: Graph, place: DeltaPlace, signal: AbortSignal): Promise<Changes> {
  const path = place.link ?? beginning(graph, place.since);
  const answer = await graph
    .json({ method: 'GET', path, prefer: `odata.maxpagesize=${PAGE}`, signal })
    .catch((error: unknown) => {
      if (place.link !== undefined && isForgotten(error)) return null;
      throw error;
    });
  // Microsoft has forgotten what it told us: from the last known time on, once more.
  if (answer === null) return await readPage(graph, { since: place.since }, signal);
  const read = deltaPage.safeParse(answer);
  if (!read.success)
    throw new ChannelError('no_answer', 'Microsoft’s answer about new mails could not be read.');
  const { value, '@odata.nextLink': more, '@odata.deltaLink': last } = read.data;
  const link = more ?? last;
  if (!link) throw new ChannelError('no_answer', 'Microsoft’s answer about new mails has no end.');
  return { mails: value.flatMap(mailOf), next: { ...place, link: pathOfLink(link) }, complete: !more };
}

function isForgotten(error: unknown): boolean {
  return (
    error instanceof ChannelError &&
    /^(410|SyncStateNotFound|SyncStateInvalid|resyncRequired)$/i.test(error.providerCode ?? '')
  );
}

function beginning(graph: Graph, since: string): string {
  const query = `changeType=created&$select=id,receivedDateTime,isDraft&$filter=${encodeURIComponent(`receivedDateTime ge ${since}`)}`;
  return `${graph.owner}/mailFolders('inbox')/messages/delta?${query}`;
}

/** One entry that nobody understands never costs the others. */
function mailOf(given: unknown): NewMail[] {
  const read = deltaEntry.safeParse(given);
  if (!read.success || read.data['@removed'] !== undefined || read.data.isDraft) return [];
  const atMs = Date.parse(read.data.receivedDateTime ?? '');
  return [{ id: read.data.id, receivedAtMs: Number.isNaN(atMs) ? Date.now() : atMs }];
}

/** How far back to begin should Microsoft forget us, once everything up to `receivedAtMs` is in. */
export function sinceAfter(place: DeltaPlace, receivedAtMs: number): string {
  const earliest = new Date(receivedAtMs - OVERLAP_MS).toISOString();
  return earliest > place.since ? earliest : place.since;
}

/** The mail as it came; null where it was deleted meanwhile. @throws ChannelError */
export async function readMail(graph: Graph, id: string, signal: AbortSignal): Promise<Uint8Array | null> {
  const path = `${graph.owner}/messages/${encodeURIComponent(id)}`;
  try {
    return (await graph.call({ method: 'GET', path: `${path}/$value`, maxBytes: MAX_RAW_BYTES, signal }))
      .body;
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    if (error.providerCode === 'ErrorItemNotFound' || error.providerCode === '404') return null;
    const tooLarge = error.cause instanceof HttpError && error.cause.kind === 'too_large';
    // What Exchange itself can't put into words never will be: it mustn't hold up the others.
    const broken = /Corrupt|ContentConversion|MimeContent/.test(error.providerCode ?? '');
    if (tooLarge || broken) return await readOutline(graph, path, signal, tooLarge);
    throw error;
  }
}

/** Somebody wrote, and that is shown, although their mail is larger than we take in or can't be had whole. */
async function readOutline(
  graph: Graph,
  path: string,
  signal: AbortSignal,
  tooLarge: boolean,
): Promise<Uint8Array> {
  const query = '$select=internetMessageId,subject,receivedDateTime,bodyPreview,from';
  const read = outline.safeParse(await graph.json({ method: 'GET', path: `${path}?${query}`, signal }));
  const { internetMessageId, subject, receivedDateTime, bodyPreview, from } = read.success ? read.data : {};
  const address = from?.emailAddress.address ?? 'unknown@invalid';
  const why = tooLarge
    ? `This mail is larger than the ${MAX_RAW_BYTES / 1024 / 1024} MB that come in here.`
    : 'Microsoft could not hand over the whole mail.';
  const lines = [
    `From: ${encoded(from?.emailAddress.name ?? '')} <${oneLine(address)}>`,
    `Subject: ${encoded(subject ?? '')}`,
    ...(internetMessageId ? [`Message-ID: ${oneLine(internetMessageId)}`] : []),
    `Date: ${new Date(receivedDateTime ?? Date.now()).toUTCString()}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(`${bodyPreview ?? ''}\n\n[${why} Open it in Outlook to see all of it.]`).toString('base64'),
    '',
  ];
  return new TextEncoder().encode(lines.join('\r\n'));
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ');
const encoded = (text: string): string => `=?utf-8?B?${Buffer.from(text.slice(0, 300)).toString('base64')}?=`;
