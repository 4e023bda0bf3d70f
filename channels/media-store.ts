/** Bytes of media, in a folder or an S3-compatible bucket. Which row they belong to, their name and who may read them is the media table's business. */
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileStorage } from '@flystorage/file-storage';
import { LocalStorageAdapter } from '@flystorage/local-fs';
import { openBucket, readS3Url } from './media-bucket.ts';
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

/**
 * @param mediaUrl an absolute path, a file: URL, or `s3://bucket/prefix?region=…&endpoint=…`
 * @throws Error where it names none of them
 */
export function createMediaStore(mediaUrl: string, maxBytes: number = MAX_MEDIA_BYTES): MediaStore {
  const open = opener(mediaUrl);
  return {
    async put(key, bytes, mimeType) {
      if (bytes.byteLength > maxBytes) throw new MediaTooLarge(maxBytes);
      const sniffed = await sniffMimeType(bytes, mimeType);
      const storage = await open();
      await storage.write(safe(key), Buffer.from(bytes), { mimeType: sniffed, size: bytes.byteLength });
      return { mimeType: sniffed, sizeBytes: bytes.byteLength };
    },
    async get(key) {
      const storage = await open();
      if (!(await storage.fileExists(safe(key)))) return null;
      return await storage.readToUint8Array(safe(key));
    },
    async delete(key) {
      const storage = await open();
      await storage.deleteFile(safe(key));
    },
  };
}

/** What is wrong with the address is said at once; what is behind it is opened once, when it is needed. */
function opener(mediaUrl: string): () => Promise<FileStorage> {
  if (mediaUrl.startsWith('s3:')) {
    const bucket = readS3Url(mediaUrl);
    let opened: Promise<FileStorage> | undefined;
    return () => (opened ??= openBucket(bucket));
  }
  const storage = new FileStorage(new LocalStorageAdapter(folderOf(mediaUrl)));
  return async () => storage;
}

function folderOf(mediaUrl: string): string {
  if (mediaUrl.startsWith('file:')) return fileURLToPath(mediaUrl);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(mediaUrl))
    throw new Error('MEDIA_URL names a store this version has no driver for; give a folder or s3://bucket.');
  return isAbsolute(mediaUrl) ? mediaUrl : resolve(mediaUrl);
}

/** Keys are ours, but a mistake in one must not leave the folder. */
function safe(key: string): string {
  const segments = key.split('/');
  if (!segments.every((segment) => /^[\w-][\w.-]*$/.test(segment)))
    throw new Error(`Not a media key: ${key}`);
  return key;
}
