/** Bytes of media, in a folder. Which row they belong to, their name and who may read them is the media table's business. */
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileStorage } from '@flystorage/file-storage';
import { LocalStorageAdapter } from '@flystorage/local-fs';
import { sniffMimeType } from './sniff.ts';

/** Larger than any channel sends or takes (Telegram: 50 MB). */
export const MAX_MEDIA_BYTES = 64 * 1024 * 1024;

export interface StoredMedia {
  /** What the bytes are; `mimeType` as declared only where they can't tell. */
  mimeType: string;
  sizeBytes: number;
}
export interface MediaStore {
  /** Stores or replaces. Idempotent. @throws MediaTooLarge, and nothing is stored */
  put(key: string, bytes: Uint8Array, mimeType: string): Promise<StoredMedia>;
  get(key: string): Promise<Uint8Array | null>;
  /** Idempotent. */
  delete(key: string): Promise<void>;
}

export class MediaTooLarge extends Error {
  override name = 'MediaTooLarge';
  readonly maxBytes: number;
  constructor(maxBytes: number) {
    super(`The file is larger than ${maxBytes} bytes; it was not stored.`);
    this.maxBytes = maxBytes;
  }
}

/** `<workspace>/<yyyy-mm>/<media id>`: a workspace or a month can be moved or removed as a folder. */
export function mediaKey(workspaceId: string, mediaId: string, nowMs: number): string {
  return `${workspaceId}/${new Date(nowMs).toISOString().slice(0, 7)}/${mediaId}`;
}

/** @param mediaUrl an absolute path or a file: URL */
export function createMediaStore(mediaUrl: string, maxBytes: number = MAX_MEDIA_BYTES): MediaStore {
  const storage = new FileStorage(new LocalStorageAdapter(folderOf(mediaUrl)));
  return {
    async put(key, bytes, mimeType) {
      if (bytes.byteLength > maxBytes) throw new MediaTooLarge(maxBytes);
      const sniffed = await sniffMimeType(bytes, mimeType);
      await storage.write(safe(key), Buffer.from(bytes));
      return { mimeType: sniffed, sizeBytes: bytes.byteLength };
    },
    async get(key) {
      if (!(await storage.fileExists(safe(key)))) return null;
      return await storage.readToUint8Array(safe(key));
    },
    async delete(key) {
      await storage.deleteFile(safe(key));
    },
  };
}

function folderOf(mediaUrl: string): string {
  if (mediaUrl.startsWith('file:')) return fileURLToPath(mediaUrl);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(mediaUrl))
    throw new Error('MEDIA_URL names a store this version has no driver for; give a folder.');
  return isAbsolute(mediaUrl) ? mediaUrl : resolve(mediaUrl);
}

/** Keys are ours, but a mistake in one must not leave the folder. */
function safe(key: string): string {
  const segments = key.split('/');
  if (!segments.every((segment) => /^[\w-][\w.-]*$/.test(segment)))
    throw new Error(`Not a media key: ${key}`);
  return key;
}
