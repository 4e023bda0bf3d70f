import { expect, test } from 'vitest';
import { allowedMediaUrl } from '#channels/media-url.ts';

const hosts = ['api.example.com', '.cdn.example', 'http://127.0.0.1:4100/sandbox/meta'];

test.each([
  ['https://api.example.com/a?b=c', false],
  ['https://API.example.com/a', false],
  ['https://x.y.cdn.example/a', false],
  ['http://127.0.0.1:4100/sandbox/meta/media/1', true],
])('%s is followed', (link, trusted) => {
  expect(allowedMediaUrl(link, hosts)).toEqual({ url: new URL(link), trusted });
});

test.each([
  'http://api.example.com/a',
  'https://api.example.com:8443/a',
  'https://user:word@api.example.com/a',
  'https://api.example.com.evil.test/a',
  'https://evil.test/api.example.com',
  'https://evilcdn.example/a',
  'https://cdn.example/a',
  'https://.cdn.example/a',
  'http://127.0.0.1:4100/api/conversations',
  'http://127.0.0.1:4100/sandbox/metal',
  'http://127.0.0.1:4100/sandbox/meta/../../api/inboxes',
  'http://127.0.0.1:5432/sandbox/meta/1',
  'http://169.254.169.254/latest/meta-data',
  'file:///etc/passwd',
  'javascript:alert(1)',
  '//api.example.com/a',
  'not a link',
  '',
])('%j is not followed', (link) => {
  expect(allowedMediaUrl(link, hosts)).toBeNull();
});

test('a redirect is relative to where it comes from', () => {
  const base = new URL('https://api.example.com/a/b');
  expect(allowedMediaUrl('../c', hosts, base)?.url.href).toBe('https://api.example.com/c');
  expect(allowedMediaUrl('//evil.test/c', hosts, base)).toBeNull();
});
