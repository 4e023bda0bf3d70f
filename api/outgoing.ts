/** What people and programs send, as it comes in a body → the parts that are stored, and the messages they become. */
import { z } from '@hono/zod-openapi';
import { definitions, isChannelType } from '#channels/definitions.ts';
import type { Tx } from '#db/client.ts';
import { findMedia } from '#db/media.ts';
import { outboundPartsSchema } from '#domain/flow/schema.ts';
import { isUuid } from '#domain/ids.ts';
import { isMedia, type Part } from '#domain/message.ts';
import { planUnits } from '#domain/render.ts';
import { shallow } from './body.ts';
import { ApiError } from './middleware/errors.ts';

const maxTextLength = 131_072;

/** Fields of a body that says something. */
export const contentFields = {
  text: z.string().max(maxTextLength).optional(),
  // Described as what is answered: the schema itself holds any JSON (templates), without end.
  parts: shallow(outboundPartsSchema.optional())
    .optional()
    .openapi({ type: 'array', items: { $ref: '#/components/schemas/Part' } }),
};
export const eitherTextOrParts = [
  (body: { text?: string | undefined; parts?: unknown }) =>
    (body.text === undefined) !== (body.parts === undefined),
  'Send either text or parts.',
] as const;

/** As many messages as the channel needs for what was written; at least one, so that nothing is dropped unseen. */
export function unitsFor(type: string, parts: Part[], link: (mediaId: string) => string): Part[][] {
  if (!isChannelType(type)) return [parts];
  const units = planUnits(parts, definitions[type].capabilities, link);
  return units.length === 0 ? [parts] : units;
}

/** Uploads are named by id only: their type, name and size come from their row. @throws ApiError 422 */
export async function completeParts(tx: Tx, body: { text?: string; parts?: Part[] }): Promise<Part[]> {
  if (body.text !== undefined) {
    if (body.text === '') throw new ApiError(422, 'invalid', 'The text is empty; nothing was sent.');
    return [{ kind: 'text', text: body.text }];
  }
  const parts = body.parts ?? [];
  const ids = mediaIds(parts);
  const unknown = ids.find((id) => !isUuid(id));
  const known = new Map((unknown === undefined ? await findMedia(tx, ids) : []).map((row) => [row.id, row]));
  return parts.map((part) => {
    if (!isMedia(part) || part.mediaId === '') return part;
    const row = known.get(part.mediaId.toLowerCase());
    if (!row)
      throw new ApiError(
        422,
        'unknown_media',
        'A part names a file that was not uploaded here; nothing was sent.',
      );
    return {
      kind: part.kind,
      mediaId: row.id,
      mimeType: row.mime_type,
      ...((part.name ?? row.name) && { name: part.name ?? row.name ?? '' }),
      ...(row.size_bytes !== null && { sizeBytes: row.size_bytes }),
      ...(part.caption !== undefined && { caption: part.caption }),
    };
  });
}

export function mediaIds(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (isMedia(part) && part.mediaId !== '' ? [part.mediaId.toLowerCase()] : []));
}
