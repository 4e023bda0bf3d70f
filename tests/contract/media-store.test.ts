import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMediaStore, mediaKey, MediaTooLarge, type MediaStore } from '#channels/media-store.ts';

let folder: string;
let store: MediaStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'media-'));
  store = createMediaStore(folder, 1_000);
});
afterAll(() => rm(folder, { recursive: true }));

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const key = mediaKey(
  '0199a1b2-0000-7000-8000-000000000003',
  '0199a1b2-0000-7000-8000-000000000004',
  Date.UTC(2026, 10, 30),
);

test('a key is a workspace’s and a month’s', () => {
  expect(key).toBe('0199a1b2-0000-7000-8000-000000000003/2026-11/0199a1b2-0000-7000-8000-000000000004');
});

test('bytes come back as they were, are replaced, and go; what is not there is null', async () => {
  expect(await store.get(key)).toBeNull();
  await store.put(key, png, 'image/png');
  expect(Buffer.from((await store.get(key)) ?? [])).toEqual(png);
  await store.put(key, Buffer.from('other'), 'text/plain');
  expect(Buffer.from((await store.get(key)) ?? []).toString()).toBe('other');
  expect(await createMediaStore(pathToFileURL(folder).href).get(key)).not.toBeNull();
  await store.delete(key);
  await store.delete(key);
  expect(await store.get(key)).toBeNull();
});

test('too many bytes are refused and nothing is stored', async () => {
  await expect(store.put('a/b/large', Buffer.alloc(1_001), 'text/plain')).rejects.toThrow(MediaTooLarge);
  expect(await store.get('a/b/large')).toBeNull();
});

test.each(['../outside', 'a/../../b', '/etc/passwd', 'a//b', '', '.', 'a/.hidden', 'a\\b', 'a/b\0'])(
  'no key leaves the folder: %j',
  async (bad) => {
    await expect(store.put(bad, png, 'image/png')).rejects.toThrow('Not a media key');
    await expect(store.get(bad)).rejects.toThrow('Not a media key');
    expect(await readdir(folder)).not.toContain('outside');
  },
);

test('a store we have no driver for is said at once', () => {
  expect(() => createMediaStore('ftp://host/path')).toThrow('MEDIA_URL');
});

describe('what the bytes are', () => {
  const ogg = Buffer.concat([
    Buffer.from('OggS\0\x02'),
    Buffer.alloc(22),
    Buffer.from('OpusHead'),
    Buffer.alloc(20),
  ]);
  // The end record of an empty archive would do for a reader, but not its beginning.
  const zip = Buffer.concat([
    Buffer.from('PK\x03\x04\x14\0\0\0\0\0'),
    Buffer.alloc(16),
    Buffer.from('\x01\0\0\0ax'),
  ]);
  // An office file's first entry, with more after its compressed bytes than was compressed.
  const entry = Buffer.concat([deflateRawSync('<Types/>'), Buffer.from('junk')]);
  const damaged = Buffer.concat([
    Buffer.from('PK\x03\x04\x14\0\0\0\x08\0'),
    Buffer.alloc(8),
    Buffer.from([entry.length, 0, 0, 0, 8, 0, 0, 0, 19, 0, 0, 0]),
    Buffer.from('[Content_Types].xml'),
    entry,
  ]);
  const webm = Buffer.from(
    '1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701',
    'hex',
  );
  test.each([
    ['a PNG by its name', png, 'image/png', 'image/png'],
    ['a PNG called a JPEG', png, 'image/jpeg', 'image/png'],
    ['a PNG called a page', png, 'text/html', 'image/png'],
    [
      'a page called a PNG',
      Buffer.from('<script>alert(1)</script>'),
      'image/png',
      'application/octet-stream',
    ],
    ['a page', Buffer.from('<p>Hi</p>'), 'text/html', 'text/html'],
    [
      'a drawing that may hold scripts',
      Buffer.from('<svg onload="x()"/>'),
      'image/svg+xml',
      'application/octet-stream',
    ],
    ['a voice note', ogg, 'audio/ogg', 'audio/ogg'],
    ['text with a charset', Buffer.from('x'), 'text/plain; charset=utf-8', 'text/plain'],
    ['a type that is none', Buffer.from('x'), 'x\r\nset-cookie: a=b', 'application/octet-stream'],
    ['nothing', Buffer.alloc(0), 'text/plain', 'text/plain'],
    ['a script', Buffer.from('alert(1)'), 'text/javascript', 'text/plain$'],
    ['a script by another name', Buffer.from('alert(1)'), 'application/x-ecmascript', 'text/plain$'],
    ['an archive called a script', zip, 'application/javascript', 'application/zip$'],
    ['an archive whose type is two', zip, 'application/vnd.x, text/html', 'application/zip$'],
    ['an archive whose type is a header', zip, 'application/vnd.x\r\nset-cookie: a=b', 'application/zip$'],
    ['a damaged file', damaged, 'application/vnd.ms-excel', 'application/vnd.ms-excel$'],
    ['an office file', zip, 'application/vnd.ms-excel; a=b', 'application/vnd.ms-excel$'],
    ['a recording with its codec', webm, 'audio/webm;codecs=opus', 'audio/webm$'],
  ])('%s', async (_, bytes, declared, stored) => {
    expect((await store.put('a/b/c', bytes, declared)).mimeType).toMatch(new RegExp(`^${stored}`));
  });
});
