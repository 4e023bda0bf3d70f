/** Mails by Graph: reading, drafts, sending. */
import type { Message } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import { bounceOf } from './bounce.ts';
import { badRequest, notFoundItem, Refusal } from './answers.ts';
import { itemOfMime, mimeOf, newItem, newMovableId, personOf, shownItem, type Item } from './item.ts';
import { tellCreated } from './subscriptions.ts';
import { graphBase, type Mailbox, type World } from './world.ts';

export interface Call {
  world: World;
  mailbox: Mailbox;
  /** The mailbox's own part of the path: `/me` or `/users/<id>`. */
  owner: string;
  request: Request;
  query: URLSearchParams;
  /** Asked for by `Prefer: IdType="ImmutableId"`. */
  immutable: boolean;
}

const person = z.object({
  emailAddress: z.object({ address: z.string().regex(/^\S+@\S+$/), name: z.string().nullish() }),
});
const people = z.array(person).max(500);
const draftFields = z.strictObject({
  subject: z.string().max(255).optional(),
  body: z.object({ contentType: z.string().regex(/^(text|html)$/i), content: z.string() }).optional(),
  from: person.optional(),
  toRecipients: people.optional(),
  ccRecipients: people.optional(),
  bccRecipients: people.optional(),
  replyTo: people.optional(),
  internetMessageId: z
    .string()
    .regex(/^<[^<>\s]+@[^<>\s]+>$/)
    .optional(),
  internetMessageHeaders: z
    .array(z.object({ name: z.string(), value: z.string().max(995) }))
    .max(5)
    .optional(),
});

export async function jsonBody(request: Request): Promise<Json> {
  const text = await request.text();
  if (text === '') return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw badRequest(
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
    );
  }
}

export function itemOf({ mailbox, immutable }: Pick<Call, 'mailbox' | 'immutable'>, id: string): Item {
  const found = [...mailbox.items.values()].find((item) => (immutable ? item.id : item.movableId) === id);
  if (!found) throw notFoundItem();
  return found;
}
export function draftOf(call: Call, id: string): Item {
  const item = itemOf(call, id);
  if (!item.isDraft)
    throw new Refusal(
      400,
      'ErrorInvalidOperation',
      'The operation can’t be performed because the item is not a draft.',
    );
  return item;
}

const selectOf = (query: URLSearchParams): string[] | null =>
  query
    .get('$select')
    ?.split(',')
    .map((one) => one.trim()) ?? null;

export function answerItem(call: Call, item: Item, status = 200): Response {
  const shown: Message = shownItem(item, call.immutable, selectOf(call.query));
  return Response.json(
    { '@odata.context': `${graphBase(call.world)}/$metadata#messages/$entity`, ...shown },
    { status },
  );
}

export async function readValue(call: Call, id: string): Promise<Response> {
  const mime = await mimeOf(itemOf(call, id));
  return new Response(Uint8Array.from(mime), { headers: { 'content-type': 'text/plain' } });
}

/** Only what we ask for is known: by Message-ID. */
export function listMessages(call: Call): Response {
  const filter = call.query.get('$filter');
  const [, wanted] = /^internetMessageId eq '((?:[^']|'')+)'$/.exec(filter ?? '') ?? [];
  if (wanted === undefined) throw new Refusal(400, 'BadRequest', 'Invalid filter clause.');
  const id = wanted.replaceAll("''", "'");
  const value = [...call.mailbox.items.values()]
    .filter((item) => item.internetMessageId === id)
    .map((item) => shownItem(item, call.immutable, selectOf(call.query)));
  return Response.json({ '@odata.context': `${graphBase(call.world)}/$metadata#messages`, value });
}

/** The newest of a folder. */
export function listFolder(call: Call, folder: string): Response {
  const top = Number(call.query.get('$top') ?? '10');
  const value = [...call.mailbox.items.values()]
    .filter((item) => item.folder === folder)
    .toSorted((one, other) => other.createdMs - one.createdMs)
    .slice(0, top)
    .map((item) => shownItem(item, call.immutable, selectOf(call.query)));
  return Response.json({ '@odata.context': `${graphBase(call.world)}/$metadata#messages`, value });
}

const MOST_REQUEST_BYTES = 4 * 1024 * 1024;

/** JSON, or a whole mail as base64. */
export async function createDraft(call: Call): Promise<Response> {
  const { mailbox, request } = call;
  const isMime = request.headers.get('content-type')?.startsWith('text/plain') ?? false;
  const item = isMime ? await mimeDraft(request) : newItem({ folder: 'drafts', isDraft: true });
  if (!isMime) apply(item, await jsonBody(request));
  item.from ??= { name: '', address: mailbox.address };
  item.conversationId = threadOf(mailbox, item)?.conversationId ?? item.conversationId;
  mailbox.items.set(item.id, item);
  return answerItem(call, item, 201);
}

async function mimeDraft(request: Request): Promise<Item> {
  const text = await request.text();
  if (text.length > MOST_REQUEST_BYTES)
    throw new Refusal(413, 'ErrorMessageSizeExceeded', 'The message exceeds the maximum supported size.');
  if (!/^[A-Za-z0-9+/=\r\n]+$/.test(text))
    throw new Refusal(400, 'ErrorMimeContentInvalidBase64String', 'Invalid base64 string for MIME content.');
  return itemOfMime(new Uint8Array(Buffer.from(text, 'base64')), { folder: 'drafts', isDraft: true });
}

/** Threads it as Outlook does: headers of the answered mail, and its conversation. */
export async function createReply(call: Call, id: string): Promise<Response> {
  const original = itemOf(call, id);
  const item = newItem({
    folder: 'drafts',
    isDraft: true,
    from: { name: '', address: call.mailbox.address },
    to: original.replyTo.length > 0 ? original.replyTo : original.from ? [original.from] : [],
    subject: /^re:/i.test(original.subject) ? original.subject : `RE: ${original.subject}`,
    conversationId: original.conversationId,
    inReplyTo: original.internetMessageId,
    references: [...original.references, original.internetMessageId],
  });
  const body = z
    .object({ message: z.unknown().optional(), comment: z.string().optional() })
    .parse(await jsonBody(call.request));
  if (body.message !== undefined) apply(item, body.message as Json);
  call.mailbox.items.set(item.id, item);
  return answerItem(call, item, 201);
}

export async function patchDraft(call: Call, id: string): Promise<Response> {
  const item = draftOf(call, id);
  apply(item, await jsonBody(call.request));
  item.mime = null;
  return answerItem(call, item);
}

function apply(item: Item, given: Json): void {
  const read = draftFields.safeParse(given);
  if (!read.success)
    throw badRequest(
      read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    );
  const {
    subject,
    body,
    from,
    toRecipients,
    ccRecipients,
    bccRecipients,
    replyTo,
    internetMessageId,
    internetMessageHeaders,
  } = read.data;
  if (internetMessageHeaders?.some(({ name }) => !/^x-/i.test(name)))
    throw new Refusal(
      400,
      'InvalidInternetMessageHeader',
      'The internet message header name must start with ‘x-’ or ‘X-’.',
    );
  if (subject !== undefined) item.subject = subject;
  if (body)
    item.body = { contentType: /html/i.test(body.contentType) ? 'html' : 'text', content: body.content };
  if (from) item.from = personOf(from);
  if (toRecipients) item.to = toRecipients.map(personOf);
  if (ccRecipients) item.cc = ccRecipients.map(personOf);
  if (bccRecipients) item.bcc = bccRecipients.map(personOf);
  if (replyTo) item.replyTo = replyTo.map(personOf);
  if (internetMessageId !== undefined) item.internetMessageId = internetMessageId;
  if (internetMessageHeaders) item.headers = internetMessageHeaders;
}

export function deleteItem(call: Call, id: string): Response {
  const item = itemOf(call, id);
  call.mailbox.items.delete(item.id);
  if (item.folder !== 'drafts')
    call.mailbox.changes.push({ id: item.id, folder: item.folder, kind: 'removed' });
  return new Response(null, { status: 204 });
}

/** Moves the draft into Sent Items: its immutable id stays, the other one dies. */
export function sendDraft(call: Call, id: string): Response {
  const { world, mailbox } = call;
  const item = draftOf(call, id);
  const everybody = [...item.to, ...item.cc, ...item.bcc];
  if (everybody.length === 0)
    throw new Refusal(
      400,
      'ErrorInvalidRecipients',
      'At least one recipient isn’t valid., A message can’t be sent because it contains no recipients.',
    );
  if (item.from && item.from.address.toLowerCase() !== mailbox.address)
    throw new Refusal(
      403,
      'ErrorSendAsDenied',
      'The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.',
    );
  const again = [...mailbox.items.values()].filter(
    (one) => one.internetMessageId === item.internetMessageId && !one.isDraft,
  ).length;
  Object.assign(item, {
    isDraft: false,
    folder: 'sentitems',
    movableId: newMovableId(),
    receivedMs: Date.now(),
  });
  mailbox.changes.push({ id: item.id, folder: 'sentitems', kind: 'created' });
  mailbox.ledger.push({
    atMs: item.receivedMs,
    ...keyOf(item),
    providerMessageId: item.internetMessageId,
    to: item.to.map(({ address }) => address).join(', '),
    request: {
      subject: item.subject,
      from: item.from?.address ?? '',
      cc: item.cc.map(({ address }) => address),
      bcc: item.bcc.map(({ address }) => address),
      body: item.body,
      inReplyTo: item.inReplyTo,
      references: item.references,
      headers: item.headers.map(({ name, value }) => ({ name, value })),
      attachments: item.attachments.map(({ name, contentType, bytes }) => ({
        name,
        contentType,
        size: bytes.byteLength,
      })),
      copies: again + 1,
    },
  });
  if (mailbox.faults.take(['contact_unreachable']))
    void deliverMime(world, mailbox, bounceOf(item, mailbox), item.conversationId);
  return new Response(null, { status: 202 });
}

function keyOf({ headers }: Item): { key?: string } {
  const found = headers.find(({ name }) => name.toLowerCase() === 'x-teloring-key');
  return found ? { key: found.value } : {};
}

/** A mail arrives in the inbox, and subscribers are told. */
export async function deliverMime(
  world: World,
  mailbox: Mailbox,
  mime: Uint8Array,
  conversationId: string | null,
): Promise<Item> {
  const item = await itemOfMime(mime, { folder: 'inbox', isDraft: false });
  place(mailbox, item, conversationId);
  tellCreated(world, mailbox, item);
  return item;
}

function place(mailbox: Mailbox, item: Item, conversationId: string | null): void {
  item.conversationId = conversationId ?? threadOf(mailbox, item)?.conversationId ?? item.conversationId;
  mailbox.items.set(item.id, item);
  mailbox.changes.push({ id: item.id, folder: 'inbox', kind: 'created' });
}

function threadOf(mailbox: Mailbox, { references, inReplyTo }: Item): Item | undefined {
  return [...mailbox.items.values()].find(
    ({ internetMessageId: id }) => references.includes(id) || id === inReplyTo,
  );
}
