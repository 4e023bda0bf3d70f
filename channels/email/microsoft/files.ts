/** A draft's files: small ones in one call, large ones piece by piece to an address of their own. */
import type { JsonObject } from '#domain/json.ts';
import { ChannelError } from '../../contract.ts';
import { toChannelError } from '../../http-error.ts';
import type { HttpClient } from '../../http.ts';
import type { ComposedMail } from '../compose.ts';
import { graphRefusal } from './errors.ts';
import type { Graph } from './graph.ts';
import { uploadSession } from './wire.ts';

type File = ComposedMail['attachments'][number];

const SMALL_BYTES = 3 * 1024 * 1024;
/** A multiple of 320 KiB, as Graph wants its pieces, and below 4 MB. */
const PIECE_BYTES = 12 * 320 * 1024;

/** @throws ChannelError */
export async function addFile(
  http: HttpClient,
  graph: Graph,
  draftId: string,
  file: File,
  signal: AbortSignal,
): Promise<void> {
  const { filename: name, contentType, content, cid } = file;
  const path = `${graph.owner}/messages/${encodeURIComponent(draftId)}/attachments`;
  const inline: JsonObject = cid === undefined ? {} : { isInline: true, contentId: cid };
  if (content.byteLength < SMALL_BYTES) {
    const json = {
      '@odata.type': '#microsoft.graph.fileAttachment',
      name,
      contentType,
      contentBytes: content.toString('base64'),
      ...inline,
    };
    await graph.call({ method: 'POST', path, json, signal });
    return;
  }
  const AttachmentItem = { attachmentType: 'file', name, size: content.byteLength, contentType, ...inline };
  const answer = await graph.json({
    method: 'POST',
    path: `${path}/createUploadSession`,
    json: { AttachmentItem },
    signal,
  });
  const read = uploadSession.safeParse(answer);
  if (!read.success)
    throw new ChannelError('no_answer', 'Microsoft’s answer about an upload could not be read.');
  for (let at = 0; at < content.byteLength; at += PIECE_BYTES)
    await putPiece(http, graph, read.data.uploadUrl, content, at, signal);
}

/** The address is the key: no token goes with it, since it may be another host's. */
async function putPiece(
  http: HttpClient,
  graph: Graph,
  url: string,
  content: Buffer,
  at: number,
  signal: AbortSignal,
): Promise<void> {
  const piece = content.subarray(at, at + PIECE_BYTES);
  const response = await http
    .request({
      method: 'PUT',
      url,
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${at}-${at + piece.byteLength - 1}/${content.byteLength}`,
      },
      body: piece,
      signal,
      trusted: url.startsWith(`${graph.base}/`),
    })
    .catch((error: unknown) => {
      throw toChannelError(error);
    });
  if (response.status < 200 || response.status >= 300) throw graphRefusal(response);
}
