import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_MEDIA_BYTES } from '#channels/media-store.ts';
import { createMediaLinks } from '#channels/media-links.ts';
import { poolOf } from '#db/client.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi, type TestRequest } from '../support/api.ts';
import { createApiInbox, receive } from '../support/inboxes.ts';

interface Media {
  id: string;
  kind: string;
  mimeType: string;
  name: string | null;
  sizeBytes: number;
  url: string;
}

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

async function upload(
  bytes: Uint8Array,
  type: string,
  name: string,
  options: TestRequest = {},
): Promise<Response> {
  const form = new FormData();
  form.set('file', new File([new Uint8Array(bytes)], name, { type }));
  return api.request('/api/media', { as: 'agent', body: form, ...options });
}
async function uploaded(bytes: Uint8Array, type: string, name: string): Promise<Media> {
  const response = await upload(bytes, type, name);
  expect(response.status).toBe(201);
  return (await response.json()) as Media;
}
/** As a browser follows a link: no key. */
const follow = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  api.request(url.slice(api.deps.config.publicUrl.length), { as: 'nobody', headers });

test('the bytes decide what a file is, and come back as they were', async () => {
  const media = await uploaded(png, 'text/html', 'päev.png');
  expect(media).toMatchObject({
    kind: 'image',
    mimeType: 'image/png',
    name: 'päev.png',
    sizeBytes: png.length,
  });
  const response = await follow(media.url);
  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
  expect(response.headers.get('content-type')).toBe('image/png');
  expect(response.headers.get('content-disposition')).toBe(
    `inline; filename="p_ev.png"; filename*=UTF-8''p%C3%A4ev.png`,
  );
  expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test('a page is never shown in place', async () => {
  const media = await uploaded(Buffer.from('<script>alert(1)</script>'), 'text/html', 'x"\r\ny.html');
  const response = await follow(media.url);
  expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="x___y\.html"/);
  expect(response.headers.get('content-security-policy')).toContain('sandbox');
  const disguised = await uploaded(
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    'image/svg+xml',
    'a.svg',
  );
  expect((await follow(disguised.url)).headers.get('content-disposition')).toMatch(/^attachment/);
});

test('ranges', async () => {
  const media = await uploaded(Buffer.from('0123456789'), 'text/plain', 'digits.txt');
  const part = async (range: string) => {
    const response = await follow(media.url, { range });
    return [
      response.status,
      response.headers.get('content-range'),
      response.status === 416 ? '' : await response.text(),
    ];
  };
  expect(await part('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
  expect(await part('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
  expect(await part('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
  expect(await part('bytes=5-99')).toEqual([206, 'bytes 5-9/10', '56789']);
  expect(await part('bytes=10-')).toEqual([416, 'bytes */10', '']);
  expect(await part('nonsense')).toEqual([200, null, '0123456789']);
});

const status = async (id: string, query: string): Promise<number> =>
  (await api.request(`/media/${id}${query}`, { as: 'nobody' })).status;

test('a link is for one file, until it expires, and can not be made', async () => {
  const [one, two] = [await uploaded(png, 'image/png', 'a.png'), await uploaded(png, 'image/png', 'b.png')];
  const url = new URL(one.url);
  expect(await status(one.id, url.search)).toBe(200);
  expect(await status(two.id, url.search)).toBe(403);
  expect(await status(one.id, '')).toBe(403);
  expect(await status(one.id, url.search.replace(/exp=\d+/, 'exp=99999999999'))).toBe(403);
  expect(await status(one.id, `${url.search}x`)).toBe(403);
  expect(await status('nonsense', url.search)).toBe(404);
});

test('an expired link is refused', () => {
  let nowMs = Date.parse('2026-01-01T10:10:00Z');
  const links = createMediaLinks({ publicUrl: 'https://t.test', key: Buffer.alloc(32, 1), now: () => nowMs });
  const id = uuidV7();
  const url = new URL(links.link(id, 60_000));
  const [sig, exp] = [url.searchParams.get('sig') ?? '', url.searchParams.get('exp') ?? ''];
  expect(links.verify(id, sig, exp)).toBe(true);
  nowMs = Number(exp) * 1000 + 1;
  expect(links.verify(id, sig, exp)).toBe(false);
});

test('a link that was handed out is good for a month, whatever the page’s own links are', () => {
  let nowMs = Date.parse('2026-01-01T10:10:00Z');
  const links = createMediaLinks({ publicUrl: 'https://t.test', key: Buffer.alloc(32, 1), now: () => nowMs });
  const id = uuidV7();
  const good = (link: string): boolean => {
    const { searchParams } = new URL(link);
    return links.verify(id, searchParams.get('sig') ?? '', searchParams.get('exp') ?? '');
  };
  const [shown, handedOut] = [links.link(id), links.handOut(id)];
  nowMs += 30 * 24 * 3_600_000;
  expect([good(shown), good(handedOut)]).toEqual([false, true]);
  nowMs += 2 * 3_600_000;
  expect(good(handedOut)).toBe(false);
});

test('bad uploads', async () => {
  expect((await api.request('/api/media', { as: 'agent', body: '{}' })).status).toBe(415);
  const broken = {
    as: 'agent',
    body: 'x',
    headers: { 'content-type': 'multipart/form-data; boundary=y' },
  } as const;
  expect((await api.request('/api/media', broken)).status).toBe(400);
  const empty = new FormData();
  empty.set('other', 'x');
  expect((await api.request('/api/media', { as: 'agent', body: empty })).status).toBe(422);
  expect((await upload(new Uint8Array(0), 'text/plain', 'a.txt')).status).toBe(422);
  const response = await upload(png, 'image/png', 'a.png', { as: 'operator' });
  expect(response.status).toBe(403);
});

test('too large is 413 and stores nothing', async () => {
  const before = await api.deps.engineDb.selectFrom('media').select('id').execute();
  expect((await upload(new Uint8Array(MAX_MEDIA_BYTES + 1), 'application/octet-stream', 'big')).status).toBe(
    413,
  );
  expect((await api.deps.engineDb.selectFrom('media').select('id').execute()).length).toBe(before.length);
});

test('an upload in a reply carries its own facts and a link, whatever the client claims', async () => {
  const inbox = await createApiInbox(api);
  const { conversationId } = await receive(api, inbox, { id: 'm', text: 'photo?' });
  const media = await uploaded(png, 'image/png', 'pic.png');
  const response = await api.request(`/api/conversations/${conversationId}/messages`, {
    as: 'agent',
    body: {
      clientMessageId: 'p',
      parts: [
        {
          kind: 'image',
          mediaId: media.id,
          mimeType: 'text/html',
          sizeBytes: 1,
          url: 'https://evil.test/x',
          caption: 'Here',
        },
      ],
    },
  });
  expect(response.status).toBe(201);
  const { parts } = (await response.json()) as { parts: (Media & { caption: string })[] };
  expect(parts).toMatchObject([
    { kind: 'image', mediaId: media.id, mimeType: 'image/png', sizeBytes: png.length, caption: 'Here' },
  ]);
  expect((await follow(parts[0]?.url ?? '')).status).toBe(200);
  const other = await api.request(`/api/conversations/${conversationId}/messages`, {
    as: 'agent',
    body: { clientMessageId: 'q', parts: [{ kind: 'image', mediaId: await uploadElsewhere() }] },
  });
  expect(other.status).toBe(422);
});

test('a message says of media without bytes whether they are on their way or lost, and why', async () => {
  const inbox = await createApiInbox(api);
  const body = Buffer.from(png).toString('base64');
  const { conversationId } = await receive(api, inbox, {
    id: uuidV7(),
    text: 'two photos',
    attachments: ['a', 'b'].map((name) => ({ base64: body, name, mimeType: 'image/png' })),
  });
  const read = async () => {
    const response = await api.request(`/api/conversations/${conversationId}/messages`, { as: 'agent' });
    const { items } = (await response.json()) as { items: { parts: (Media & { mediaId: string })[] }[] };
    return (items[0]?.parts ?? []).filter(({ kind }) => kind === 'image');
  };
  const [lost, coming] = await read();
  const set = (id: string | undefined, state: string, error: string | null) =>
    poolOf(api.deps.engineDb).query('update media set state = $2, error = $3 where id = $1', [
      id,
      state,
      error,
    ]);
  await set(lost?.mediaId, 'failed', 'The provider no longer has it.');
  await set(coming?.mediaId, 'pending', null);
  const [one, other] = await read();
  expect(one).toMatchObject({ state: 'failed', reason: 'The provider no longer has it.' });
  expect(other).toMatchObject({ state: 'pending' });
  expect(other).not.toHaveProperty('reason');
  await set(lost?.mediaId, 'stored', null);
  expect((await read())[0]).not.toHaveProperty('state');
});

async function uploadElsewhere(): Promise<string> {
  const response = await upload(png, 'image/png', 'theirs.png', { key: api.other.keys.agent });
  return ((await response.json()) as Media).id;
}
