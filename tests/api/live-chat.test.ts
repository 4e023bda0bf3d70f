import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import { defaultVisitorLimits, visitorKeys } from '../../api/live-chat/visitors.ts';
import { liveChatRoutes } from '../../api/routes/live-chat.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import {
  as,
  createLiveChat,
  forge,
  newMessage,
  website,
  type LiveChat,
  type Visitor,
} from '../support/live-chat.ts';

let api: TestApi;
let chat: LiveChat;
/** The same routes over a build of three small files: the real one is the browser tests' business. */
let pages: ReturnType<typeof liveChatRoutes>;
let widgetFolder: string;

beforeAll(async () => {
  api = await createTestApi();
  chat = await createLiveChat(api);
  widgetFolder = await mkdtemp(path.join(tmpdir(), 'teloring-widget-'));
  await mkdir(path.join(widgetFolder, '.vite'));
  const manifest = { 'frame/main.ts': { file: 'frame-abcd1234.js', css: ['frame-abcd1234.css'] } };
  await writeFile(path.join(widgetFolder, '.vite/manifest.json'), JSON.stringify(manifest));
  await writeFile(path.join(widgetFolder, 'widget.js'), '(()=>{})();');
  pages = liveChatRoutes(api.deps, defaultVisitorLimits, widgetFolder);
});
afterAll(async () => {
  await api.close();
  await rm(widgetFolder, { recursive: true, force: true });
});

describe('the visitor session', () => {
  it('is renewed for the same visitor, and a forged one begins a new visitor', async () => {
    const visitor = await chat.visitor();
    expect(await renew(visitor.token)).toMatchObject({ visitorId: visitor.visitorId, renewed: true });
    const forged = await renew(forge(visitor.token));
    expect(forged.renewed).toBe(false);
    expect(forged.visitorId).not.toBe(visitor.visitorId);
  });

  it('is refused when forged, of another inbox, over, or absent, and nothing is stored', async () => {
    const visitor = await chat.visitor();
    const expired = issueVisitorToken(visitorKeys(api.deps.keyring), {
      inboxId: chat.inboxId,
      visitorId: visitor.visitorId,
      personId: null,
      expiresAtMs: Date.now() - 1000,
    });
    for (const token of [forge(visitor.token), `${visitor.token}x`, expired, 'v1.a.b.c', '']) {
      expect((await chat.post(token, newMessage('hello'))).status, token).toBe(401);
    }
    // A genuine token of this inbox at another one, of another workspace.
    expect((await chat.post(visitor.token, newMessage('hello'), chat.otherInboxId)).status).toBe(401);
    expect(await chat.stored(visitor)).toEqual([]);
  });

  it("doesn't give one visitor another's id by signing with a guessed key", async () => {
    const visitor = await chat.visitor();
    const body = visitor.token.slice(0, visitor.token.lastIndexOf('.'));
    const signature = createHmac('sha256', '').update(body).digest('base64url');
    expect((await chat.post(`${body}.${signature}`, newMessage('hello'))).status).toBe(401);
  });
});

/** The same statement about somebody else, with the old signature. */
describe('origins', () => {
  it('lets our own pages, allowed websites and their subdomains in, and no other page', async () => {
    const visitor = await chat.visitor();
    const { publicUrl } = api.deps.config;
    for (const origin of [publicUrl, website, 'https://www.shop.example', 'https://a.b.shop.example']) {
      expect(
        (await chat.post(visitor.token, newMessage(origin), chat.inboxId, { origin })).status,
        origin,
      ).toBe(202);
    }
    const before = await chat.stored(visitor);
    const foreign = [
      'https://evil.example',
      'http://shop.example',
      'https://notshop.example',
      'https://shop.example.evil.example',
      'null',
    ];
    for (const origin of foreign) {
      expect(
        (await chat.post(visitor.token, newMessage(origin), chat.inboxId, { origin })).status,
        origin,
      ).toBe(403);
      const session = { as: 'nobody' as const, method: 'POST', headers: { origin } };
      expect((await api.request(`/live-chat/${chat.inboxId}/session`, session)).status, origin).toBe(403);
    }
    expect(
      (
        await chat.post(visitor.token, newMessage('no origin'), chat.inboxId, {
          'sec-fetch-site': 'cross-site',
        })
      ).status,
    ).toBe(403);
    expect(await chat.stored(visitor)).toEqual(before);
  });

  it('names the allowed websites in the frame’s policy, and nothing of the inbox can break out of its page', async () => {
    const response = await pages.request(`/live-chat/${chat.inboxId}/frame`);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain(
      `frame-ancestors 'self' ${website} https://*.shop.example`,
    );
    expect(response.headers.get('content-security-policy')).not.toContain('unsafe-inline');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).toContain('<title>Ask &lt;/script&gt;&lt;b&gt;us</title>');
  });

  it('tells an allowed page the look of the launcher, and tells another why not', async () => {
    const allowed = await config(website);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(website);
    expect(await allowed.json()).toEqual({
      title: 'Ask </script><b>us',
      accentColor: '#ffd400',
      onAccentColor: '#111111',
      theme: 'auto',
      language: 'auto',
      position: 'right',
      offsetX: 20,
      offsetY: 20,
      launcherSize: 'medium',
      launcherLabel: '',
      hideOnMobile: false,
      zIndex: 2_147_483_000,
      messagePreview: true,
      unreadInTitle: false,
    });
    const refused = await config('https://evil.example');
    expect(refused.status).toBe(403);
    expect(JSON.stringify(await refused.json())).toContain('https://evil.example may not use this chat');
  });
});

describe('messages in', () => {
  it('accepts one client message id once, whatever it says the second time', async () => {
    const visitor = await chat.visitor();
    const first = newMessage('hello');
    const answers = await Promise.all([
      chat.post(visitor.token, first),
      chat.post(visitor.token, first),
      chat.post(visitor.token, first),
    ]);
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as {
      eventId: string;
      duplicate: boolean;
    }[];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(bodies.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(bodies.map(({ eventId }) => eventId)).size).toBe(1);
    await chat.post(visitor.token, { ...first, text: 'changed' });
    expect(await chat.stored(visitor)).toHaveLength(1);
    expect(api.engineCalls.some(({ call }) => call === 'eventsAccepted')).toBe(true);
  });

  it('scopes client message ids by visitor', async () => {
    const [one, two] = [await chat.visitor(), await chat.visitor()];
    const same = newMessage('hello');
    await chat.post(one.token, same);
    expect(await (await chat.post(two.token, same)).json()).toMatchObject({ duplicate: false });
  });

  it('takes text of any script and length, drops unknown fields, and refuses what is no message', async () => {
    const visitor = await chat.visitor();
    for (const text of ['\u0000 \ud800', 'שלום עולם', 'x'.repeat(100_000), '   ']) {
      expect((await chat.post(visitor.token, { ...newMessage(text), role: 'admin' })).status).toBe(202);
    }
    const stored = await chat.stored(visitor);
    const id = crypto.randomUUID();
    const wrong = [
      '{',
      '[]',
      {},
      { text: 'x' },
      { clientMessageId: '7', text: 'x' },
      { clientMessageId: id, text: '' },
    ];
    const foreignUpload = { clientMessageId: id, mediaId: `../../${visitor.visitorId}/x.png` };
    for (const body of [...wrong, foreignUpload]) {
      expect((await chat.post(visitor.token, body)).status, JSON.stringify(body)).toBe(400);
    }
    expect((await chat.post(visitor.token, newMessage('x'.repeat(1_100_000)))).status).toBe(413);
    expect(await chat.stored(visitor)).toEqual(stored);
  });

  it('answers 404 for an inbox that is not there or is no live chat', async () => {
    const visitor = await chat.visitor();
    expect((await chat.post(visitor.token, newMessage('x'), uuidV7())).status).toBe(404);
    expect((await chat.post(visitor.token, newMessage('x'), 'nonsense')).status).toBe(404);
  });

  it('slows down who writes too fast', async () => {
    const visitor = await chat.visitor();
    const statuses = await Promise.all(
      Array.from(
        { length: 120 },
        async (_, n) => (await chat.post(visitor.token, newMessage(`${n}`))).status,
      ),
    );
    const limited = statuses.filter((status) => status === 429).length;
    expect(limited).toBeGreaterThan(5);
    expect(statuses.filter((status) => status === 202)).toHaveLength(120 - limited);
    expect(await chat.stored(visitor)).toHaveLength(120 - limited);
  });
});

describe('uploads', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  it('takes images by what they are, and sends them as the visitor’s own', async () => {
    const visitor = await chat.visitor();
    const response = await chat.upload(visitor.token, png);
    expect(response.status).toBe(201);
    const { mediaId, mimeType } = (await response.json()) as { mediaId: string; mimeType: string };
    expect(mimeType).toBe('image/png');
    expect((await chat.post(visitor.token, { clientMessageId: crypto.randomUUID(), mediaId })).status).toBe(
      202,
    );
    const adapter = api.deps.registry.live_chat;
    const inbox = await api.deps.inboxes.byId(chat.inboxId);
    if (!inbox || !adapter.fetchMedia) throw new Error('no inbox');
    const options = { signal: AbortSignal.timeout(1000), maxBytes: 1000 };
    const fetched = await adapter.fetchMedia(inbox, await mediaSource(visitor), options);
    expect(Buffer.from(fetched.bytes).equals(png)).toBe(true);
    // Another visitor naming the same upload gets a key of their own, where there is nothing.
    const thief = await chat.visitor();
    await chat.post(thief.token, { clientMessageId: crypto.randomUUID(), mediaId });
    await expect(adapter.fetchMedia(inbox, await mediaSource(thief), options)).rejects.toThrow(
      'no longer there',
    );
  });

  it.each([
    ['paper.pdf', '255044462d312e340a', 'application/pdf'],
    ['old.doc', 'd0cf11e0a1b11ae1'.padEnd(64, '0'), 'application/msword'],
    ['song.mp3', 'fffb9064'.padEnd(2000, '0'), 'audio/mpeg'],
    ['all.zip', '504b0506'.padEnd(44, '0'), 'application/zip'],
    ['notes.md', '4772c3bcc39f650a', 'text/plain'],
    ['list.csv', '612c620a', 'text/csv'],
  ])('takes %s by what it is', async (name, hex, mimeType) => {
    const visitor = await chat.visitor();
    const response = await chat.upload(visitor.token, Buffer.from(hex, 'hex'), name);
    expect(await response.json()).toMatchObject({ mimeType });
  });

  it.each([
    ['page.html', '<!doctype html><script>alert(1)</script>'],
    ['logo.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
    ['logo.svg', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['run.exe', 'MZ\u0000\u0001'],
    ['run.js', 'alert(1)'],
    ['notes.txt', 'a\u0000b'],
    ['x.doc', 'plain words'],
    ['', 'no name'],
    ['empty.txt', ''],
  ])('refuses %s (%j)', async (name, content) => {
    const visitor = await chat.visitor();
    expect((await chat.upload(visitor.token, Buffer.from(content), name)).status).toBe(415);
  });

  it('slows down an address that takes a new session for every file', async () => {
    const upload = async (): Promise<number> => {
      const token = issueVisitorToken(visitorKeys(api.deps.keyring), {
        inboxId: chat.inboxId,
        visitorId: crypto.randomUUID(),
        personId: null,
        expiresAtMs: Date.now() + 60_000,
      });
      const headers = { ...as(token), 'content-type': 'application/octet-stream' };
      const from = '10.9.9.9';
      const path = `/live-chat/${chat.inboxId}/media`;
      return (await api.request(path, { as: 'nobody', method: 'POST', body: png, headers, from })).status;
    };
    const statuses = await Promise.all(Array.from({ length: 100 }, upload));
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(20);
  });

  it('refuses other files under an image’s name, large ones, and those of nobody', async () => {
    const visitor = await chat.visitor();
    expect((await chat.upload(visitor.token, Buffer.from('<svg onload="alert(1)"/>'))).status).toBe(415);
    expect(
      (await chat.upload(visitor.token, Buffer.concat([png, Buffer.alloc(20 * 1024 * 1024)]))).status,
    ).toBe(413);
    expect((await chat.upload(forge(visitor.token), png)).status).toBe(401);
  });
});

describe('pages', () => {
  it('answers an unchanged widget.js with 304', async () => {
    const first = await pages.request('/widget.js');
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toContain('javascript');
    const again = await pages.request('/widget.js', {
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
    for (const name of ['../package.json', '..%2fpackage.json', '.vite', 'manifest.json', 'nothing.js']) {
      expect((await pages.request(`/live-chat/assets/${name}`)).status, name).toBe(404);
    }
  });

  it('shows the demo only beside embedded services', async () => {
    expect((await api.request('/demo', { as: 'nobody' })).status).toBe(404);
  });
});

async function mediaSource(visitor: Visitor): Promise<JsonObject> {
  const [event] = await chat.stored(visitor);
  const [media] = (event?.payload as { media: { source: JsonObject }[] } | undefined)?.media ?? [];
  if (!media) throw new Error('no media');
  return media.source;
}

async function renew(token: string): Promise<Visitor & { renewed: boolean }> {
  const session = `/live-chat/${chat.inboxId}/session`;
  const response = await api.request(session, { as: 'nobody', method: 'POST', headers: as(token) });
  return (await response.json()) as Visitor & { renewed: boolean };
}

const config = (origin: string): Promise<Response> =>
  api.request(`/live-chat/${chat.inboxId}/config`, { as: 'nobody', headers: { origin } });
