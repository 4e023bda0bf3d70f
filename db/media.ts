/** Media rows: which bytes belong to which workspace, under which name and type. The bytes are the media store's. */
import type { Selectable } from 'kysely';
import type { Db, Tx } from './client.ts';
import type { MediaTable } from './schema.ts';

export type MediaRow = Selectable<MediaTable>;

export interface NewMedia {
  id: string;
  workspaceId: string;
  mimeType: string;
  name: string | null;
  sizeBytes: number;
  storageKey: string;
}

/** An upload whose bytes are stored already. */
export async function insertMedia(tx: Tx, media: NewMedia): Promise<void> {
  await tx
    .insertInto('media')
    .values({
      id: media.id,
      workspace_id: media.workspaceId,
      state: 'stored',
      mime_type: media.mimeType,
      name: media.name,
      size_bytes: media.sizeBytes,
      storage_key: media.storageKey,
      stored_at: new Date(),
    })
    .execute();
}

export async function findMedia(tx: Tx, ids: readonly string[]): Promise<MediaRow[]> {
  if (ids.length === 0) return [];
  return tx
    .selectFrom('media')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute();
}

/** For a signed link, which names no workspace. Engine role. */
export async function mediaById(engineDb: Db, id: string): Promise<MediaRow | undefined> {
  return engineDb.selectFrom('media').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Uploads that a message now shows belong to it. Idempotent. */
export async function attachMedia(tx: Tx, messageId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('media')
    .set({ message_id: messageId })
    .where('id', 'in', [...ids])
    .where('message_id', 'is', null)
    .execute();
}
