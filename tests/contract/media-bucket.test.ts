/** The media store on a bucket, against a real S3-compatible server (gofakes3, which .ci/run installs). */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readS3Url } from '#channels/media-bucket.ts';
import { createMediaStore, mediaKey, MediaTooLarge } from '#channels/media-store.ts';
import { closedPort } from './local-server.ts';

describe('MEDIA_URL of a bucket', () => {
  test('is bucket, prefix, region and endpoint', () => {
    expect(readS3Url('s3://media/a/b/?region=eu-central-1&endpoint=http%3A%2F%2F127.0.0.1%3A9000')).toEqual({
      bucket: 'media',
      prefix: 'a/b',
      region: 'eu-central-1',
      endpoint: 'http://127.0.0.1:9000',
    });
    expect(readS3Url('s3://my.media')).toEqual({
      bucket: 'my.media',
      prefix: '',
      region: undefined,
      endpoint: undefined,
    });
  });

  test.each([
    ['s3://', 'bucket'],
    ['s3:///prefix', 'bucket'],
    ['s3://Bad_Bucket/x', 'bucket'],
    ['s3://key:secret@media/x', 'AWS_SECRET_ACCESS_KEY'],
    ['s3://media?endpoint=ftp://x', 'endpoint'],
    ['s3://media?acl=public-read', 'acl'],
  ])('%s is refused at once', (url, why) => {
    expect(() => createMediaStore(url)).toThrow(why);
    expect(() => createMediaStore(url)).not.toThrow('key:secret');
  });
});

const cache = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
const program = path.join(cache, 'teloring', 'bin', 'gofakes3');
const missing = existsSync(program) ? null : `there is no ${program}; .ci/run installs it where Go is`;
if (missing) console.warn(`The bucket's tests are skipped: ${missing}.`);

test.runIf(process.env['CI'] === 'true')('the server is there in CI', () => {
  expect(missing).toBeNull();
});

describe.skipIf(missing !== null)('a bucket', () => {
  let server: ChildProcess;
  let endpoint: string;
  const key = mediaKey('0199a1b2-0000-7000-8000-000000000003', '0199a1b2-0000-7000-8000-000000000004', 0);
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const urlOf = (prefix: string): string => `s3://media/${prefix}?endpoint=${encodeURIComponent(endpoint)}`;

  beforeAll(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
    const port = await closedPort();
    endpoint = `http://127.0.0.1:${port}`;
    server = spawn(program, ['-backend', 'memory', '-initialbucket', 'media', '-host', `127.0.0.1:${port}`], {
      stdio: 'ignore',
    });
    await vi.waitUntil(
      () =>
        fetch(`${endpoint}/media`).then(
          ({ ok }) => ok,
          () => false,
        ),
      { timeout: 10_000 },
    );
  });
  afterAll(() => {
    server.kill();
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
  });

  test('bytes come back as they were, are replaced, and go; what is not there is null', async () => {
    const store = createMediaStore(urlOf('a/b'));
    expect(await store.get(key)).toBeNull();
    expect(await store.put(key, png, 'image/jpeg')).toEqual({ mimeType: 'image/png', sizeBytes: png.length });
    expect(Buffer.from((await store.get(key)) ?? [])).toEqual(png);
    await store.put(key, Buffer.from('other'), 'text/plain');
    expect(Buffer.from((await store.get(key)) ?? []).toString()).toBe('other');
    await store.delete(key);
    await store.delete(key);
    expect(await store.get(key)).toBeNull();
  });

  test('it lies below the prefix, with the type its bytes showed', async () => {
    await createMediaStore(urlOf('some/where')).put(key, png, 'text/html');
    const stored = await fetch(`${endpoint}/media/some/where/${key}`);
    expect([stored.status, stored.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(await createMediaStore(urlOf('elsewhere')).get(key)).toBeNull();
  });

  test('nothing, and megabytes', async () => {
    const store = createMediaStore(urlOf(''));
    await store.put(key, new Uint8Array(), 'text/plain');
    expect((await store.get(key))?.byteLength).toBe(0);
    const large = Buffer.alloc(12 * 1024 * 1024, 'large ');
    await store.put(key, large, 'application/octet-stream');
    expect(Buffer.from((await store.get(key)) ?? []).equals(large)).toBe(true);
  });

  test('too many bytes are refused and nothing is stored; no key leaves the prefix', async () => {
    const store = createMediaStore(urlOf('small'), 10);
    await expect(store.put('a/b/large', Buffer.alloc(11), 'text/plain')).rejects.toThrow(MediaTooLarge);
    expect(await store.get('a/b/large')).toBeNull();
    await expect(store.put('../outside', Buffer.alloc(1), 'text/plain')).rejects.toThrow('Not a media key');
  });

  test('a bucket that isn’t there is an error, not an absence', async () => {
    const store = createMediaStore(`s3://nowhere?endpoint=${encodeURIComponent(endpoint)}`);
    await expect(store.put(key, png, 'image/png')).rejects.toThrow(/./);
  });
});
