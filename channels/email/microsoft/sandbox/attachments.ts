/** Files of a draft: small ones in one call, large ones piece by piece. */
import type { FileAttachment, UploadSession } from '@microsoft/microsoft-graph-types';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { badRequest, notFoundItem, Refusal } from './answers.ts';
import { newItemId, shownAttachment, type Attached } from './item.ts';
import { draftOf, itemOf, jsonBody, type Call } from './messages.ts';
import { graphBase, type World } from './world.ts';

const SMALL_BYTES = 3 * 1024 * 1024;
const MOST_BYTES = 150 * 1024 * 1024;
/** Pieces are multiples of this, but for the last. */
const MOST_PIECE_BYTES = 4 * 1024 * 1024;

const small = z.object({
  '@odata.type': z.literal('#microsoft.graph.fileAttachment'),
  name: z.string().min(1),
  contentType: z.string().optional(),
  contentBytes: z.base64(),
  isInline: z.boolean().optional(),
  contentId: z.string().nullish(),
});
const large = z.object({
  AttachmentItem: z.object({
    attachmentType: z.literal('file'),
    name: z.string().min(1),
    size: z.int().positive(),
    contentType: z.string().optional(),
    isInline: z.boolean().optional(),
    contentId: z.string().nullish(),
  }),
});

export function listAttachments(call: Call, id: string): Response {
  const value: FileAttachment[] = itemOf(call, id).attachments.map(shownAttachment);
  return Response.json({ value });
}

export async function addAttachment(call: Call, id: string): Promise<Response> {
  const item = draftOf(call, id);
  const read = small.safeParse(await jsonBody(call.request));
  if (!read.success) throw badRequest('The attachment can’t be read.');
  const bytes = new Uint8Array(Buffer.from(read.data.contentBytes, 'base64'));
  if (bytes.byteLength >= SMALL_BYTES)
    throw new Refusal(
      413,
      'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize',
      'The request entity is too large; create an upload session.',
    );
  const attached: Attached = {
    id: newItemId(),
    name: read.data.name,
    contentType: read.data.contentType ?? 'application/octet-stream',
    bytes,
    isInline: read.data.isInline ?? false,
    contentId: read.data.contentId ?? null,
  };
  item.attachments.push(attached);
  item.mime = null;
  return Response.json(
    { '@odata.type': '#microsoft.graph.fileAttachment', ...shownAttachment(attached) },
    { status: 201 },
  );
}

export async function createUpload(call: Call, id: string): Promise<Response> {
  const item = draftOf(call, id);
  const read = large.safeParse(await jsonBody(call.request));
  if (!read.success) throw badRequest('AttachmentItem can’t be read.');
  const { name, size, contentType, isInline, contentId } = read.data.AttachmentItem;
  if (size < SMALL_BYTES)
    throw new Refusal(
      400,
      'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize',
      'Attachments of less than 3 MB are added in one call.',
    );
  if (size > MOST_BYTES)
    throw new Refusal(400, 'ErrorAttachmentSizeLimitExceeded', 'The attachment is larger than 150 MB.');
  const key = randomUUID();
  call.world.uploads.set(key, {
    address: call.mailbox.address,
    itemId: item.id,
    name,
    contentType: contentType ?? 'application/octet-stream',
    size,
    isInline: isInline ?? false,
    contentId: contentId ?? null,
    bytes: [],
    received: 0,
  });
  const session: UploadSession = {
    uploadUrl: `${graphBase(call.world)}/uploads/${key}`,
    expirationDateTime: new Date(Date.now() + 3_600_000).toISOString(),
    nextExpectedRanges: ['0-'],
  };
  return Response.json(session, { status: 201 });
}

/** Without a token: the address is the key. */
export async function putPiece(world: World, request: Request, key: string): Promise<Response> {
  const upload = world.uploads.get(key);
  const item = upload && world.mailboxes.get(upload.address)?.items.get(upload.itemId);
  if (!upload || !item || request.method !== 'PUT') throw notFoundItem();
  if (request.headers.has('authorization'))
    throw new Refusal(401, 'InvalidAuthenticationToken', 'An upload carries no token.');
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers.get('content-range') ?? '');
  const bytes = new Uint8Array(await request.arrayBuffer());
  const [from, to, size] = (range?.slice(1) ?? []).map(Number);
  if (
    from !== upload.received ||
    size !== upload.size ||
    to !== from + bytes.byteLength - 1 ||
    bytes.byteLength > MOST_PIECE_BYTES
  )
    throw new Refusal(416, 'ErrorInvalidRange', 'The range of this piece is not the one expected.');
  upload.bytes.push(bytes);
  upload.received += bytes.byteLength;
  if (upload.received < upload.size)
    return Response.json({
      expirationDateTime: new Date(Date.now() + 3_600_000).toISOString(),
      nextExpectedRanges: [`${upload.received}-`],
    });
  world.uploads.delete(key);
  const { name, contentType, isInline, contentId } = upload;
  item.attachments.push({
    id: newItemId(),
    name,
    contentType,
    isInline,
    contentId,
    bytes: new Uint8Array(Buffer.concat(upload.bytes)),
  });
  item.mime = null;
  return new Response(null, {
    status: 201,
    headers: { location: `${graphBase(world)}/attachments/${item.id}` },
  });
}
