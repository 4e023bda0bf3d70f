/** The mail behind a message, as it was kept. */
import { inWorkspace } from '#db/client.ts';
import { findMessage, type MessageRow } from '#db/messages.ts';
import type { Json } from '#domain/json.ts';
import type { ApiDeps, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';

/** Where a mail's n-th remote picture (from 1) is seen from our own origin. */
export const remoteImagePath = (messageId: string, n: number): string =>
  `/api/messages/${messageId}/email/images/${n}`;

/** @throws ApiError 404 */
export async function originalOf(
  deps: ApiDeps,
  actor: RequestActor,
  id: string,
): Promise<{ row: MessageRow; raw: Uint8Array }> {
  const row = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findMessage(tx, id));
  if (!row) throw notFound('message');
  const key = originalKey(row.provider_ref);
  if (key === null) throw new ApiError(404, 'no_email', 'This message did not come as an email.');
  const raw = key.startsWith(`${actor.workspaceId}/`) ? await deps.media.get(key) : null;
  if (!raw) throw new ApiError(404, 'email_missing', 'The mail is no longer in the media store.');
  return { row, raw };
}

function originalKey(reference: Json): string | null {
  if (typeof reference !== 'object' || reference === null || Array.isArray(reference)) return null;
  const { original: key } = reference;
  return typeof key === 'string' ? key : null;
}
