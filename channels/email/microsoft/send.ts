/**
 * Sending by a draft: what will be sent has an id, and names our outbox row, before it is sent. So a try after a crash finds the draft or
 * the sent mail of the one before; and a draft can be sent once only, whoever sends it, so that no mail goes out twice.
 */
import type { Json } from '#domain/json.ts';
import { ChannelError, type Sent } from '../../contract.ts';
import type { HttpClient } from '../../http.ts';
import type { ComposedMail } from '../compose.ts';
import { addFile } from './files.ts';
import type { Graph } from './graph.ts';
import { draftFields, KEY_HEADER, mimeOf, MOST_MIME_BYTES } from './mail.ts';
import { attachments, item, items, type GraphItem } from './wire.ts';

export interface MicrosoftSend {
  mail: ComposedMail;
  /** The outbox row. */
  key: string;
  /** Which try of this message this is, from 1. */
  attempt: number;
  signal: AbortSignal;
}

/** After so long another process may have taken this message over: it is looked for before it is sent. */
const ALONE_MS = 1_000;

/** @throws ChannelError. Safe to repeat with the same key, also where the answer is missing. */
export async function sendMicrosoft(http: HttpClient, graph: Graph, send: MicrosoftSend): Promise<Sent> {
  const begunAtMs = Date.now();
  const before = send.attempt > 1 ? await findOurs(graph, send) : null;
  if (before && !before.isDraft) return sentAs(before, send);
  const draft = before ?? (await createDraft(graph, send));
  await addFiles(http, graph, draft, send, before !== null);
  return await sendDraft(graph, draft, send, Date.now() - begunAtMs > ALONE_MS || send.attempt > 1);
}

function sentAs({ internetMessageId }: GraphItem, { mail }: MicrosoftSend): Sent {
  return { providerMessageId: internetMessageId ?? mail.messageId };
}

async function sendDraft(
  graph: Graph,
  draft: GraphItem,
  send: MicrosoftSend,
  lookFirst: boolean,
): Promise<Sent> {
  const { signal } = send;
  const chosen = lookFirst ? ((await findOurs(graph, send)) ?? draft) : draft;
  if (chosen.id !== draft.id) await discard(graph, draft, signal);
  if (!chosen.isDraft) return sentAs(chosen, send);
  try {
    await graph.call({
      method: 'POST',
      path: `${graph.owner}/messages/${encodeURIComponent(chosen.id)}/send`,
      signal,
    });
  } catch (error) {
    // "No draft" and "not there" are what a draft answers that was sent meanwhile.
    const found = isGone(error) ? await findOurs(graph, send) : null;
    if (!found || found.isDraft) throw error;
    return sentAs(found, send);
  }
  return sentAs(chosen, send);
}

function isGone(error: unknown): boolean {
  return (
    error instanceof ChannelError &&
    (error.providerCode === 'ErrorItemNotFound' || error.providerCode === 'ErrorInvalidOperation')
  );
}

/** Small mails whole, which keeps every header; large ones as fields, so that their files can go up piece by piece. */
async function createDraft(graph: Graph, { mail, key, signal }: MicrosoftSend): Promise<GraphItem> {
  const path = `${graph.owner}/messages`;
  const asked = { method: 'POST', signal, maxBytes: MOST_ANSWER_BYTES } as const;
  if (isSmall(mail)) {
    const mime = await mimeOf(mail, key);
    return readItem(await graph.json({ ...asked, path, text: mime.toString('base64') }));
  }
  const fields = draftFields(mail, key);
  const answered = mail.inReplyTo === undefined ? null : await findOne(graph, mail.inReplyTo, signal);
  const reply = answered && {
    ...asked,
    path: `${path}/${encodeURIComponent(answered.id)}/createReply`,
    json: { message: fields },
  };
  const made = reply && (await graph.json(reply).catch(unlessGone));
  if (made !== null) return readItem(made);
  // Nothing to answer in the mailbox any more: a mail by itself, whose subject says what it is about.
  return readItem(await graph.json({ ...asked, path, json: fields }));
}

/** A draft comes back with its text. */
const MOST_ANSWER_BYTES = 8 * 1024 * 1024;

function unlessGone(error: unknown): null {
  if (isGone(error)) return null;
  throw error;
}

/** Whether the files went with the draft. Decided by the mail alone, so that every try decides the same. */
function isSmall(mail: ComposedMail): boolean {
  const files = mail.attachments.reduce((sum, { content }) => sum + content.byteLength, 0);
  // In the mail everything is base64 at worst, in lines.
  return (files + Buffer.byteLength(mail.html) + Buffer.byteLength(mail.text)) * 1.4 < MOST_MIME_BYTES;
}

/** Files go up in order and one after another: however many are there, the others are those behind them. */
async function addFiles(
  http: HttpClient,
  graph: Graph,
  draft: GraphItem,
  { mail, signal }: MicrosoftSend,
  resumed: boolean,
): Promise<void> {
  if (isSmall(mail) || !draft.isDraft) return;
  const there = resumed ? await countFiles(graph, draft, signal) : 0;
  for (const file of mail.attachments.slice(there)) await addFile(http, graph, draft.id, file, signal);
}

async function countFiles(graph: Graph, { id }: GraphItem, signal: AbortSignal): Promise<number> {
  const path = `${graph.owner}/messages/${encodeURIComponent(id)}/attachments?$select=id&$top=200`;
  const read = attachments.safeParse(await graph.json({ method: 'GET', path, signal }));
  if (!read.success) throw unreadable('the draft’s files');
  return read.data.value.length;
}

/**
 * The draft or sent mail of this outbox row: sent ones first, then the oldest draft, so that whoever looks chooses the same.
 * By its Message-ID; where Exchange gave it another, by our header among the newest.
 */
async function findOurs(graph: Graph, { mail, key, signal }: MicrosoftSend): Promise<GraphItem | null> {
  const byId = await list(graph, `/messages?${byMessageId(mail.messageId)}`, signal);
  const found = byId.length > 0 ? byId : await findByKey(graph, key, signal);
  const [first = null] = found.toSorted(
    (one, other) =>
      Number(one.isDraft) - Number(other.isDraft) ||
      (one.createdDateTime ?? '').localeCompare(other.createdDateTime ?? '') ||
      one.id.localeCompare(other.id),
  );
  return first;
}

async function findByKey(graph: Graph, key: string, signal: AbortSignal): Promise<GraphItem[]> {
  const query =
    '$select=id,isDraft,internetMessageId,createdDateTime,internetMessageHeaders&$top=50&$orderby=createdDateTime desc';
  const folders = ['sentitems', 'drafts'].map((folder) =>
    list(graph, `/mailFolders('${folder}')/messages?${query.replaceAll(' ', '%20')}`, signal),
  );
  return (await Promise.all(folders))
    .flat()
    .filter(({ internetMessageHeaders: headers }) =>
      headers?.some(({ name, value }) => name.toLowerCase() === KEY_HEADER.toLowerCase() && value === key),
    );
}

async function findOne(graph: Graph, messageId: string, signal: AbortSignal): Promise<GraphItem | null> {
  const found = await list(graph, `/messages?${byMessageId(messageId)}`, signal);
  return found.find(({ isDraft }) => !isDraft) ?? null;
}

function byMessageId(messageId: string): string {
  const filter = `internetMessageId eq '${messageId.replaceAll("'", "''")}'`;
  return `$filter=${encodeURIComponent(filter)}&$select=id,isDraft,internetMessageId,createdDateTime`;
}

async function list(graph: Graph, path: string, signal: AbortSignal): Promise<GraphItem[]> {
  const read = items.safeParse(await graph.json({ method: 'GET', path: `${graph.owner}${path}`, signal }));
  if (!read.success) throw unreadable('a search');
  return read.data.value;
}

/** A second draft of the same message. One that stays is never sent. */
async function discard(graph: Graph, { id }: GraphItem, signal: AbortSignal): Promise<void> {
  await graph
    .call({ method: 'DELETE', path: `${graph.owner}/messages/${encodeURIComponent(id)}`, signal })
    .catch(() => undefined);
}

function readItem(json: Json | undefined): GraphItem {
  const read = item.safeParse(json);
  if (!read.success) throw unreadable('the draft');
  return read.data;
}

function unreadable(what: string): ChannelError {
  return new ChannelError('no_answer', `Microsoft’s answer about ${what} could not be read.`);
}
