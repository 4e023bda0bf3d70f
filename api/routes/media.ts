import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { MAX_MEDIA_BYTES, mediaKey, MediaTooLarge } from '#channels/media-store.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { insertMedia, mediaById } from '#db/media.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { MediaKind } from '#domain/message.ts';
import { storable } from '../body.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { mediaLinks } from '../media-links.ts';
import { bodyLimit } from '../middleware/body-limit.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, errorShape, idParam, jsonAnswer, refusals } from '../openapi.ts';

/** Room for the multipart envelope around the file. */
const envelopeBytes = 64 * 1024;

const upload = createRoute({
  method: 'post',
  path: '/api/media',
  summary: 'Upload a file, to be named by `mediaId` in a message part',
  middleware: [
    requirePermission('conversations:write', 'flows:write'),
    bodyLimit(MAX_MEDIA_BYTES + envelopeBytes),
  ] as const,
  request: {
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: z.object({ file: z.any().openapi({ type: 'string', format: 'binary' }) }),
        },
      },
    },
  },
  responses: {
    201: jsonAnswer(
      z
        .object({
          id: z.string(),
          mediaId: z.string(),
          /** The kind of part it makes. */
          kind: z.enum(['image', 'audio', 'video', 'file']),
          /** What the bytes are, whatever was declared. */
          mimeType: z.string(),
          name: z.string().nullable(),
          sizeBytes: z.number(),
          url: z.string(),
        })
        .openapi('Media'),
      'Stored.',
    ),
    ...refusals,
  },
});
const download = createRoute({
  method: 'get',
  path: '/media/{id}',
  summary: 'The bytes, for whoever holds a signed link',
  request: {
    params: idParam,
    query: z.object({ sig: z.string().max(100).default(''), exp: z.string().max(20).default('') }),
  },
  responses: {
    200: { description: 'The whole file.', content: { 'application/octet-stream': { schema: z.any() } } },
    206: {
      description: 'The range asked for.',
      content: { 'application/octet-stream': { schema: z.any() } },
    },
    default: { content: { 'application/json': { schema: errorShape } }, description: 'Refused.' },
  },
});

export function mediaRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const links = mediaLinks(deps);
  return createRouter().openapi(upload, async (c) => {
    const actor = c.get('actor');
    const file = (await readForm(() => c.req.formData())).get('file');
    if (!(file instanceof File))
      throw new ApiError(422, 'invalid', 'Send the file as multipart/form-data in the field `file`.');
    if (file.size === 0) throw new ApiError(422, 'invalid', 'The file is empty; nothing was stored.');
    const id = uuidV7();
    const key = mediaKey(actor.workspaceId, id, Date.now());
    const stored = await deps.media
      .put(key, await file.bytes(), file.type || 'application/octet-stream')
      .catch((error: unknown) => {
        throw error instanceof MediaTooLarge ? new ApiError(413, 'too_large', error.message) : error;
      });
    const name = storable(file.name).slice(0, 255) || null;
    try {
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        await insertMedia(tx, { id, workspaceId: actor.workspaceId, ...stored, name, storageKey: key });
        await audit(
          tx,
          actor,
          'media.uploaded',
          { kind: 'media', id },
          { mimeType: stored.mimeType, sizeBytes: stored.sizeBytes },
        );
      });
    } catch (error) {
      await deps.media.delete(key);
      throw error;
    }
    return c.json(
      { id, mediaId: id, kind: kindOf(stored.mimeType), ...stored, name, url: links.link(id) },
      201,
    );
  });
}

/** Without a session: the link itself is the permission. */
export function mediaLinkRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const links = mediaLinks(deps);
  return createRouter().openapi(download, async (c) => {
    const { id } = c.req.valid('param');
    const { sig, exp } = c.req.valid('query');
    if (!links.verify(id, sig, exp)) {
      throw new ApiError(
        403,
        'link_expired',
        'This link has expired or was changed. Load the message again for a new one.',
      );
    }
    const row = await mediaById(deps.engineDb, id);
    if (!row) throw notFound('file');
    if (row.state === 'failed')
      throw new ApiError(
        410,
        'media_failed',
        `The file could not be fetched: ${row.error ?? 'no more is known'}`,
      );
    const bytes = row.storage_key === null ? null : await deps.media.get(row.storage_key);
    if (row.state === 'pending') {
      c.header('Retry-After', '2');
      throw new ApiError(404, 'media_pending', 'The file is still being fetched from the provider.');
    }
    if (!bytes)
      throw new ApiError(404, 'media_missing', 'The bytes of this file are no longer in the media store.');
    const headers: Record<string, string> = {
      'Content-Type': row.mime_type,
      'Content-Disposition': disposition(row.mime_type, row.name),
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Cache-Control': 'private, max-age=3600, immutable',
      'Accept-Ranges': 'bytes',
    };
    const range = readRange(c.req.header('range'), bytes.byteLength);
    if (range === null) return c.body(Buffer.from(bytes), 200, headers);
    if (range === 'unsatisfiable') {
      c.header('Content-Range', `bytes */${bytes.byteLength}`);
      throw new ApiError(416, 'range_not_satisfiable', `The file has ${bytes.byteLength} bytes.`);
    }
    headers['Content-Range'] = `bytes ${range.from}-${range.to}/${bytes.byteLength}`;
    return c.body(Buffer.from(bytes.subarray(range.from, range.to + 1)), 206, headers);
  });
}

async function readForm(read: () => Promise<FormData>): Promise<FormData> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(400, 'malformed', 'The body is not multipart/form-data.');
  }
}

function kindOf(mimeType: string): MediaKind {
  const [family] = mimeType.split('/');
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}

/** Only what a browser can't be made to run is shown in place. */
function disposition(mimeType: string, name: string | null): string {
  const inline = /^(image\/(png|jpeg|gif|webp|avif)|audio\/|video\/)/.test(mimeType);
  const ascii = (name ?? 'file').replace(/[^\w. -]/g, '_');
  return `${inline ? 'inline' : 'attachment'}; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent((name ?? 'file').toWellFormed())}`;
}

/** One range of bytes; several at once are answered with the whole file. */
function readRange(
  header: string | undefined,
  size: number,
): { from: number; to: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const from = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const to = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return from > to || from >= size ? 'unsatisfiable' : { from, to };
}
