import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';
import { inWorkspace } from '#db/client.ts';
import { seal } from '#db/keyring.ts';
import { emit } from '#db/ui-events.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import { visitorKeys } from '../../api/live-chat/visitors.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let inboxId: string;
let otherInboxId: string;
const website = 'https://shop.example';

beforeAll(async () => {
  api = await createTestApi();
  inboxId = await createInbox(api.workspace.id);
  otherInboxId = await createInbox(api.other.id);
});
afterAll(() => api.close());

async function createInbox(workspaceId: string): Promise<string> {
  const id = uuidV7();
  const credentials = Buffer.from(JSON.stringify({ allowedOrigins: [website, 'https://*.shop.example'] }));
  await api.deps.engineDb
    .insertInto('inboxes')
    .values({
      id,
      workspace_id: workspaceId,
      type: 'live_chat',
      name: 'Website',
      account_key: id,
      settings: JSON.stringify({ title: 'Ask </script><b>us', accentColor: '#ffd400' }),
      credentials: seal(api.deps.keyring, credentials, `inbox/${id}`),
    })
    .execute();
  return id;
}

interface Visitor {
  visitorId: string;
  token: string;
}
async function newVisitor(inbox = inboxId): Promise<Visitor> {
  const response = await api.request(`/live-chat/${inbox}/session`, { as: 'nobody', method: 'POST' });
  expect(response.status).toBe(201);
  return (await response.json()) as Visitor;
}
const as = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const post = (token: string, body: unknown, inbox = inboxId, headers: Record<string, string> = {}): Promise<Response> =>
  api.request(`/live-chat/${inbox}/messages`, { as: 'nobody', body, headers: { ...as(token), ...headers } });
const thread = async (visitor: Visitor, query = ''): Promise<ThreadPage> => {
  const response = await api.request(`/live-chat/${inboxId}/messages${query}`, { as: 'nobody', headers: as(visitor.token) });
  expect(response.status).toBe(200);
  return (await response.json()) as ThreadPage;
};
interface ThreadPage {
  items: { id: string; seq: number; conversationId: string; parts: { kind: string; text?: string }[] }[];
  place: string | null;
  more: boolean;
}
const message = (text: string) => ({ clientMessageId: crypto.randomUUID(), text });

async function storedEvents(visitor: Visitor): Promise<string[]> {
  const rows = await api.deps.engineDb
    .selectFrom('inbound_events')
    .select('provider_event_id')
    .where('provider_event_id', 'like', `${visitor.visitorId}:%`)
    .execute();
  return rows.map((row) => row.provider_event_id);
}

/** A conversation as the engine would have written it. */
async function createThread(visitor: Visitor, resolved = false) {
  const workspaceId = api.workspace.id;
  const known = await api.deps.engineDb
    .selectFrom('contacts')
    .select('id')
    .where('external_id', '=', visitor.visitorId)
    .executeTakeFirst();
  const contactId = known?.id ?? uuidV7();
  const conversationId = uuidV7();
  if (!known) {
    await api.deps.engineDb
      .insertInto('contacts')
      .values({ id: contactId, workspace_id: workspaceId, inbox_id: inboxId, external_id: visitor.visitorId, fields: '{}' })
      .execute();
  }
  await api.deps.engineDb
    .insertInto('conversations')
    .values({
      id: conversationId,
      workspace_id: workspaceId,
      inbox_id: inboxId,
      contact_id: contactId,
      status: resolved ? 'resolved' : 'open',
      reply_address: '{}',
    })
    .execute();
  let seq = 0;
  return {
    conversationId,
    async add(values: { direction: 'in' | 'out' | 'internal'; status: string; text: string; author?: string }): Promise<string> {
      const id = uuidV7();
      seq += 1;
      const mine = seq;
      await inWorkspace(api.deps.engineDb, workspaceId, async (tx) => {
        await tx
          .insertInto('messages')
          .values({
            id,
            workspace_id: workspaceId,
            conversation_id: conversationId,
            inbox_id: inboxId,
            seq: mine,
            direction: values.direction,
            author_kind: values.direction === 'in' ? 'contact' : (values.author ?? 'agent'),
            author_id: values.direction === 'in' ? null : api.workspace.users.agent,
            author_name: values.author === 'bot' ? 'Secret flow name' : 'Ada',
            parts: JSON.stringify([{ kind: 'text', text: values.text }]),
            text: values.text,
            status: values.status,
            routing: JSON.stringify({ flowId: 'internal-routing' }),
          })
          .execute();
        await emit(tx, workspaceId, 'message.created', { conversationId, messageId: id, seq: mine });
      });
      return id;
    },
    async settle(id: string): Promise<void> {
      await inWorkspace(api.deps.engineDb, workspaceId, async (tx) => {
        await tx.updateTable('messages').set({ status: 'sent', provider_message_id: id }).where('id', '=', id).execute();
        await emit(tx, workspaceId, 'message.updated', { conversationId, messageId: id });
      });
    },
  };
}

describe('the visitor session', () => {
  it('is renewed for the same visitor, and a forged one begins a new visitor', async () => {
    const visitor = await newVisitor();
    const renew = async (token: string) => {
      const response = await api.request(`/live-chat/${inboxId}/session`, { as: 'nobody', method: 'POST', headers: as(token) });
      return (await response.json()) as Visitor & { renewed: boolean };
    };
    expect(await renew(visitor.token)).toMatchObject({ visitorId: visitor.visitorId, renewed: true });
    const forged = await renew(forge(visitor.token));
    expect(forged.renewed).toBe(false);
    expect(forged.visitorId).not.toBe(visitor.visitorId);
  });

  it('is refused when forged, of another inbox, over, or absent, and nothing is stored', async () => {
    const visitor = await newVisitor();
    const expired = issueVisitorToken(visitorKeys(api.deps.keyring), {
      inboxId,
      visitorId: visitor.visitorId,
      expiresAtMs: Date.now() - 1000,
    });
    for (const token of [forge(visitor.token), `${visitor.token}x`, expired, 'v1.a.b.c', '']) {
      expect((await post(token, message('hello'))).status, token).toBe(401);
    }
    // A genuine token of this inbox at another one, of another workspace.
    expect((await post(visitor.token, message('hello'), otherInboxId)).status).toBe(401);
    expect(await storedEvents(visitor)).toEqual([]);
  });

  it("doesn't give one visitor another's id by signing with a guessed key", async () => {
    const visitor = await newVisitor();
    const body = visitor.token.slice(0, visitor.token.lastIndexOf('.'));
    const signature = createHmac('sha256', '').update(body).digest('base64url');
    expect((await post(`${body}.${signature}`, message('hello'))).status).toBe(401);
  });
});

/** The same statement about somebody else, with the old signature. */
function forge(token: string): string {
  const [version, inbox, , expires, signature] = token.split('.');
  return [version, inbox, crypto.randomUUID(), expires, signature].join('.');
}

describe('origins', () => {
  it('lets our own pages, allowed websites and their subdomains in, and no other page', async () => {
    const visitor = await newVisitor();
    const { publicUrl } = api.deps.config;
    for (const origin of [publicUrl, website, 'https://www.shop.example', 'https://a.b.shop.example']) {
      expect((await post(visitor.token, message(origin), inboxId, { origin })).status, origin).toBe(202);
    }
    const before = await storedEvents(visitor);
    const foreign = ['https://evil.example', 'http://shop.example', 'https://notshop.example', 'https://shop.example.evil.example', 'null'];
    for (const origin of foreign) {
      expect((await post(visitor.token, message(origin), inboxId, { origin })).status, origin).toBe(403);
      const session = { as: 'nobody' as const, method: 'POST', headers: { origin } };
      expect((await api.request(`/live-chat/${inboxId}/session`, session)).status, origin).toBe(403);
    }
    expect((await post(visitor.token, message('no origin'), inboxId, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(await storedEvents(visitor)).toEqual(before);
  });

  it('names the allowed websites in the frame’s policy, and nothing of the inbox can break out of its page', async () => {
    const response = await api.request(`/live-chat/${inboxId}/frame`, { as: 'nobody' });
    const html = await response.text();
    if (response.status === 503) throw new Error('Build the widget first: npm run build:ui');
    expect(response.headers.get('content-security-policy')).toContain(`frame-ancestors 'self' ${website} https://*.shop.example`);
    expect(response.headers.get('content-security-policy')).not.toContain('unsafe-inline');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).toContain('<title>Ask &lt;/script&gt;&lt;b&gt;us</title>');
  });

  it('tells an allowed page the look of the launcher, and tells another why not', async () => {
    const config = (origin: string) => api.request(`/live-chat/${inboxId}/config`, { as: 'nobody', headers: { origin } });
    const allowed = await config(website);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(website);
    expect(await allowed.json()).toEqual({
      title: 'Ask </script><b>us',
      accentColor: '#ffd400',
      onAccentColor: '#111111',
      position: 'right',
    });
    const refused = await config('https://evil.example');
    expect(refused.status).toBe(403);
    expect(JSON.stringify(await refused.json())).toContain('https://evil.example may not use this chat');
  });
});

describe('messages in', () => {
  it('accepts one client message id once, whatever it says the second time', async () => {
    const visitor = await newVisitor();
    const first = message('hello');
    const answers = await Promise.all([post(visitor.token, first), post(visitor.token, first), post(visitor.token, first)]);
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { eventId: string; duplicate: boolean }[];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(bodies.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(bodies.map(({ eventId }) => eventId)).size).toBe(1);
    await post(visitor.token, { ...first, text: 'changed' });
    expect(await storedEvents(visitor)).toHaveLength(1);
    expect(api.engineCalls.some(({ call }) => call === 'eventsAccepted')).toBe(true);
  });

  it('scopes client message ids by visitor', async () => {
    const [one, two] = [await newVisitor(), await newVisitor()];
    const same = message('hello');
    await post(one.token, same);
    expect(await (await post(two.token, same)).json()).toMatchObject({ duplicate: false });
  });

  it('takes text of any script and length, drops unknown fields, and refuses what is no message', async () => {
    const visitor = await newVisitor();
    for (const text of ['\u0000 \ud800', 'שלום עולם', 'x'.repeat(100_000), '   ']) {
      expect((await post(visitor.token, { ...message(text), role: 'admin' })).status).toBe(202);
    }
    const stored = await storedEvents(visitor);
    const id = crypto.randomUUID();
    const wrong = ['{', '[]', {}, { text: 'x' }, { clientMessageId: '7', text: 'x' }, { clientMessageId: id, text: '' }];
    const foreignUpload = { clientMessageId: id, mediaId: `../../${visitor.visitorId}/x.png` };
    for (const body of [...wrong, foreignUpload]) {
      expect((await post(visitor.token, body)).status, JSON.stringify(body)).toBe(400);
    }
    expect((await post(visitor.token, message('x'.repeat(1_100_000)))).status).toBe(413);
    expect(await storedEvents(visitor)).toEqual(stored);
  });

  it('answers 404 for an inbox that is not there or is no live chat', async () => {
    const visitor = await newVisitor();
    expect((await post(visitor.token, message('x'), uuidV7())).status).toBe(404);
    expect((await post(visitor.token, message('x'), 'nonsense')).status).toBe(404);
  });

  it('slows down who writes too fast', async () => {
    const visitor = await newVisitor();
    const statuses = await Promise.all(Array.from({ length: 45 }, async (_, n) => (await post(visitor.token, message(`${n}`))).status));
    const limited = statuses.filter((status) => status === 429).length;
    expect(limited).toBeGreaterThan(5);
    expect(statuses.filter((status) => status === 202)).toHaveLength(45 - limited);
    expect(await storedEvents(visitor)).toHaveLength(45 - limited);
  });
});

describe('uploads', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const upload = (token: string, bytes: Uint8Array): Promise<Response> =>
    api.request(`/live-chat/${inboxId}/media`, { as: 'nobody', method: 'POST', body: bytes, headers: { ...as(token), 'content-type': 'image/png' } });

  async function mediaSource(visitor: Visitor): Promise<JsonObject> {
    const { payload } = await api.deps.engineDb
      .selectFrom('inbound_events')
      .select('payload')
      .where('provider_event_id', 'like', `${visitor.visitorId}:%`)
      .executeTakeFirstOrThrow();
    const [media] = (payload as unknown as { media: { source: JsonObject }[] }).media;
    if (!media) throw new Error('no media');
    return media.source;
  }

  it('takes images by what they are, and sends them as the visitor’s own', async () => {
    const visitor = await newVisitor();
    const response = await upload(visitor.token, png);
    expect(response.status).toBe(201);
    const { mediaId, mimeType } = (await response.json()) as { mediaId: string; mimeType: string };
    expect(mimeType).toBe('image/png');
    expect((await post(visitor.token, { clientMessageId: crypto.randomUUID(), mediaId })).status).toBe(202);
    const adapter = api.deps.registry.live_chat;
    const inbox = await api.deps.inboxes.byId(inboxId);
    if (!inbox || !adapter.fetchMedia) throw new Error('no inbox');
    const options = { signal: AbortSignal.timeout(1000), maxBytes: 1000 };
    const fetched = await adapter.fetchMedia(inbox, await mediaSource(visitor), options);
    expect(Buffer.from(fetched.bytes).equals(png)).toBe(true);
    // Another visitor naming the same upload gets a key of their own, where there is nothing.
    const thief = await newVisitor();
    await post(thief.token, { clientMessageId: crypto.randomUUID(), mediaId });
    await expect(adapter.fetchMedia(inbox, await mediaSource(thief), options)).rejects.toThrow('no longer there');
  });

  it('refuses other files under an image’s name, large ones, and those of nobody', async () => {
    const visitor = await newVisitor();
    expect((await upload(visitor.token, Buffer.from('<svg onload="alert(1)"/>'))).status).toBe(415);
    expect((await upload(visitor.token, Buffer.concat([png, Buffer.alloc(5 * 1024 * 1024)]))).status).toBe(413);
    expect((await upload(forge(visitor.token), png)).status).toBe(401);
  });
});

describe('the thread going down', () => {
  it('holds the named fields only: no note, no author id, no flow, nothing unsent', async () => {
    const visitor = await newVisitor();
    const { add } = await createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'hello' });
    await add({ direction: 'out', status: 'sent', text: 'bot says', author: 'bot' });
    await add({ direction: 'internal', status: 'sent', text: 'PRIVATE NOTE' });
    await add({ direction: 'out', status: 'sent', text: 'agent says' });
    await add({ direction: 'out', status: 'failed', text: 'FAILED DRAFT' });
    const { items } = await thread(visitor);
    expect(items.map((item) => item.parts[0]?.text)).toEqual(['hello', 'bot says', 'agent says']);
    const allowed = new Set(['id', 'conversationId', 'seq', 'from', 'name', 'clientMessageId', 'parts', 'createdAt']);
    for (const item of items) expect(Object.keys(item).filter((key) => !allowed.has(key))).toEqual([]);
    const down = (await readStream(visitor, '', 3)).text + JSON.stringify(items);
    for (const secret of ['PRIVATE', 'FAILED', 'Secret flow name', 'internal-routing', api.workspace.users.agent, api.workspace.id]) {
      expect(down).not.toContain(secret);
    }
    expect(down).toContain('"name":"Ada"');
  });

  it('is empty for another visitor, also with this one’s places', async () => {
    const [owner, thief] = [await newVisitor(), await newVisitor()];
    const { add, conversationId } = await createThread(owner);
    await add({ direction: 'in', status: 'received', text: 'mine' });
    await createThread(thief);
    for (const query of ['', `?after=${conversationId}:0`, `?before=${conversationId}:99`, '?after=0']) {
      expect((await thread(thief, query)).items, query).toEqual([]);
    }
  });

  it('catches up from a place, over conversations, in pages, both ways', async () => {
    const visitor = await newVisitor();
    const first = await createThread(visitor, true);
    for (let n = 1; n <= 40; n++) await first.add({ direction: 'in', status: 'received', text: `a${n}` });
    const second = await createThread(visitor);
    for (let n = 1; n <= 40; n++) await second.add({ direction: 'in', status: 'received', text: `b${n}` });
    const all = [...Array.from({ length: 40 }, (_, n) => `a${n + 1}`), ...Array.from({ length: 40 }, (_, n) => `b${n + 1}`)];
    const texts = (page: ThreadPage): (string | undefined)[] => page.items.map((item) => item.parts[0]?.text);

    const end = await thread(visitor);
    expect(texts(end)).toEqual(all.slice(30));
    expect(end.more).toBe(true);
    const oldest = end.items[0];
    const earlier = await thread(visitor, `?before=${oldest?.conversationId}:${oldest?.seq}`);
    expect(texts(earlier)).toEqual(all.slice(0, 30));
    expect(earlier.more).toBe(false);

    const forward: (string | undefined)[] = [];
    for (let place: string | null = `${first.conversationId}:10`; place; ) {
      const page: ThreadPage = await thread(visitor, `?after=${place}`);
      forward.push(...texts(page));
      ({ place } = page);
    }
    expect(forward).toEqual(all.slice(10));
    expect(texts(await thread(visitor, '?after=38'))).toEqual(['b39', 'b40']);
    const malformed = await api.request(`/live-chat/${inboxId}/messages?after=x'`, { as: 'nobody', headers: as(visitor.token) });
    expect(malformed.status).toBe(400);
  });

  it('never passes a message that is still being sent: what overtook it is asked for again', async () => {
    const visitor = await newVisitor();
    const { add, settle, conversationId } = await createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'one' });
    const slow = await add({ direction: 'out', status: 'planned', text: 'slow answer' });
    await add({ direction: 'in', status: 'received', text: 'three' });
    const page = await thread(visitor);
    expect(page.items.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(page.place).toBe(`${conversationId}:1`);
    await settle(slow);
    const next = await thread(visitor, `?after=${page.place}`);
    expect(next.items.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(next.place).toBe(`${conversationId}:3`);
  });
});

describe('the stream', () => {
  it('goes on from a place, then tells what happens, each message once', async () => {
    const visitor = await newVisitor();
    const { add, settle, conversationId } = await createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'one' });
    await add({ direction: 'in', status: 'received', text: 'two' });
    const reading = readStream(visitor, `?after=${conversationId}:1`, 3, async () => {
      const planned = await add({ direction: 'out', status: 'planned', text: 'three' });
      await add({ direction: 'internal', status: 'sent', text: 'PRIVATE NOTE' });
      await add({ direction: 'in', status: 'received', text: 'five' });
      await new Promise((resolve) => setTimeout(resolve, 400));
      await settle(planned);
    });
    const { messages, text } = await reading;
    expect(messages.map(({ seq }) => seq)).toEqual([2, 5, 3]);
    expect(text).not.toContain('PRIVATE');
    expect(text.trimEnd().endsWith(`${conversationId}:5`)).toBe(true);
  });

  it('needs the session of this inbox', async () => {
    const visitor = await newVisitor();
    const open = (inbox: string, token: string) => api.request(`/live-chat/${inbox}/stream`, { as: 'nobody', headers: as(token) });
    expect((await open(inboxId, forge(visitor.token))).status).toBe(401);
    expect((await open(otherInboxId, visitor.token)).status).toBe(401);
  });
});

/** Reads until `count` messages and the place after them came; `meanwhile` begins when the stream is up. */
async function readStream(visitor: Visitor, query: string, count: number, meanwhile?: () => Promise<void>) {
  const response = await api.request(`/live-chat/${inboxId}/stream${query}`, { as: 'nobody', headers: as(visitor.token) });
  expect(response.status).toBe(200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error('no body');
  let text = '';
  let acting: Promise<void> | undefined;
  const deadline = setTimeout(() => void reader.cancel(), 10_000);
  const messagesOf = (): { seq: number }[] =>
    [...text.matchAll(/^event: message\ndata: (.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as { seq: number });
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    if (text.includes('event: ping')) acting ??= meanwhile?.();
    const last = text.lastIndexOf('event: message');
    if (messagesOf().length >= count && text.indexOf('event: place', last) > 0 && text.endsWith('\n\n')) break;
  }
  clearTimeout(deadline);
  await acting;
  await reader.cancel();
  return { messages: messagesOf(), text };
}

describe('pages', () => {
  it('answers an unchanged widget.js with 304', async () => {
    const first = await api.request('/widget.js', { as: 'nobody' });
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toContain('javascript');
    const again = await api.request('/widget.js', { as: 'nobody', headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
    for (const name of ['../package.json', '..%2fpackage.json', '.vite', 'manifest.json', 'nothing.js']) {
      expect((await api.request(`/live-chat/assets/${name}`, { as: 'nobody' })).status, name).toBe(404);
    }
  });

  it('shows the demo only beside embedded services', async () => {
    expect((await api.request('/demo', { as: 'nobody' })).status).toBe(404);
  });
});
