/** WhatsApp's files: an id to send or to ask for, an address for five minutes, opened with the token only. */
import { createHash } from 'node:crypto';
import { answer, GraphRefusal, invalidParameter, noSuchObject } from './answers.ts';
import type { Call } from './call.ts';
import { textOf } from './fields.ts';
import { whatsAppMediaId } from './ids.ts';
import { addFile, shownUrl, type World } from './world.ts';

export function uploadMedia({ fields, world }: Call): Response {
  const { file } = fields;
  if (!file) throw invalidParameter('The parameter file is required.');
  if (file.bytes.byteLength > 100 * 1024 * 1024)
    throw new GraphRefusal(131_053, '(#131053) Media upload error');
  const id = whatsAppMediaId();
  addFile(world, {
    bytes: file.bytes,
    mimeType: textOf(fields.values['type']) || file.mimeType,
    name: `wa:${id}`,
  });
  return answer({ id });
}

/** `GET /{media id}`: an address for five minutes, opened with the token only. */
export function mediaFacts({ world, method }: Call, id: string): Response {
  const file = [...world.files.values()].find(({ name }) => name === `wa:${id}`);
  if (!file) throw noSuchObject(id);
  if (method === 'DELETE') {
    world.files.delete(file.id);
    return answer({ success: true });
  }
  const until = world.now() + 5 * 60_000;
  return answer({
    messaging_product: 'whatsapp',
    url: `${world.deps.sandboxUrl}/meta/cdn/whatsapp/${file.id}?mid=${id}&ext=${until}`,
    mime_type: file.mimeType,
    sha256: createHash('sha256').update(file.bytes).digest('hex'),
    file_size: file.bytes.byteLength,
    id,
  });
}

/** A customer's file, to be fetched by id. */
export function offerMedia(
  world: World,
  file: { bytes: Uint8Array; mimeType: string },
): { id: string; sha256: string; url: string } {
  const id = whatsAppMediaId();
  const stored = addFile(world, { ...file, name: `wa:${id}` });
  return { id, sha256: createHash('sha256').update(file.bytes).digest('base64'), url: shownUrl(stored) };
}
