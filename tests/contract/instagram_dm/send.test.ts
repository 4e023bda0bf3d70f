import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import type { MediaPart, Part } from '#domain/message.ts';
import { planUnits } from '#domain/render.ts';
import type { OutboundMessage, SendOptions } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import type { InstagramCredentials } from '#channels/instagram/definition.ts';
import { createInstagramDmAdapter } from '#channels/instagram_dm/adapter.ts';
import { instagramDmDefinition } from '#channels/instagram_dm/definition.ts';
import { accountId, byFacebook, byInstagram, instagramInbox, pageId, refusal } from '../instagram/account.ts';
import { graphServer } from '../instagram/graph-server.ts';
import { igsid, mid } from './webhooks.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const dm = createInstagramDmAdapter({ http });
type Server = Awaited<ReturnType<typeof graphServer>>;
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

const HOUR = 3_600_000;
const options: SendOptions = {
  key: 'outbox-1',
  signal: AbortSignal.timeout(30_000),
  media: () => Promise.reject(new Error('Instagram fetches links itself')),
  mediaUrl: async (id) => `https://teloring.example/media/${id}?sig=1`,
};
const messageOf = (parts: Part[], more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: 'message',
  conversationId: 'conversation',
  contactExternalId: igsid,
  threadKey: '',
  replyAddress: { igsid },
  author: 'bot',
  lastInAtMs: Date.now() - HOUR,
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
  parts,
});
const text = (value: string): Part => ({ kind: 'text', text: value });
const media = (kind: MediaPart['kind'], mimeType: string, id: string = kind): MediaPart => ({
  kind,
  mediaId: id,
  mimeType,
  name: 'a file',
});

async function at(
  credentials: InstagramCredentials = byInstagram,
  settings: JsonObject = {},
  answer: JsonObject = { recipient_id: igsid, message_id: mid('sent') },
) {
  const server = await graphServer({
    [`POST /${accountId}/messages`]: answer,
    [`POST /${pageId}/messages`]: answer,
  });
  servers.push(server);
  const inbox = instagramInbox('instagram_dm', credentials, { settings, baseUrl: server.url });
  const send = (message: OutboundMessage) => dm.send(inbox, message, options);
  return { inbox, send, calls: server.calls };
}
async function bodyOf(parts: Part[], more: Partial<OutboundMessage> = {}, settings: JsonObject = {}) {
  const { send, calls } = await at(byInstagram, settings);
  expect(await send(messageOf(parts, more))).toEqual({ providerMessageId: mid('sent') });
  expect(calls).toHaveLength(1);
  return calls[0]?.body;
}

describe('what leaves', () => {
  test('a text, by each login its own way', async () => {
    const expected = { recipient: { id: igsid }, message: { text: 'Hello' } };
    const instagram = await at();
    await instagram.send(messageOf([text('Hello')]));
    expect(instagram.calls).toMatchObject([
      {
        host: 'instagram',
        what: `POST /${accountId}/messages`,
        token: byInstagram.accessToken,
        query: {},
        body: expected,
      },
    ]);
    const facebook = await at(byFacebook);
    await facebook.send(messageOf([text('Hello')]));
    expect(facebook.calls).toMatchObject([
      { host: 'facebook', what: `POST /${pageId}/messages`, token: byFacebook.accessToken, body: expected },
    ]);
    expect(facebook.calls[0]?.query).toHaveProperty('appsecret_proof');
  });

  test('to the conversation’s own address, by whatever id the contact is known since', async () => {
    const { inbox, send, calls } = await at();
    const elsewhere = { contactExternalId: 'known-by-another-id', replyAddress: { igsid } };
    await send(messageOf([text('Hello')], elsewhere));
    await dm.signal?.(inbox, 'typing', { ...elsewhere, threadKey: '', lastInbound: null }, options.signal);
    expect(calls.map(({ body }) => body)).toMatchObject([
      { recipient: { id: igsid } },
      { recipient: { id: igsid } },
    ]);
    // The right to write to oneself hangs on the same address.
    const stranger = messageOf([text('x')], { contactExternalId: accountId, lastInAtMs: null });
    await expect(send(stranger)).rejects.toMatchObject({ kind: 'window_closed' });
    expect(calls).toHaveLength(2);
  });

  test('files by link; several images together; what Instagram can’t show, as a link to open', async () => {
    expect(await bodyOf([media('video', 'video/mp4')])).toMatchObject({
      message: {
        attachment: { type: 'video', payload: { url: 'https://teloring.example/media/video?sig=1' } },
      },
    });
    expect(await bodyOf([media('file', 'application/pdf')])).toMatchObject({
      message: { attachment: { type: 'file' } },
    });
    expect(await bodyOf([media('file', 'audio/mpeg')])).toMatchObject({
      message: { attachment: { type: 'audio' } },
    });
    expect(await bodyOf([media('file', 'application/zip')])).toMatchObject({
      message: { text: 'a file: https://teloring.example/media/file?sig=1' },
    });
    expect(await bodyOf([media('image', 'image/png', '1'), media('image', 'image/png', '2')])).toMatchObject({
      message: {
        attachments: [
          { type: 'image', payload: { url: 'https://teloring.example/media/1?sig=1' } },
          { type: 'image', payload: { url: 'https://teloring.example/media/2?sig=1' } },
        ],
      },
    });
  });

  test('choices as quick replies; a quoted message; not one that has an id of ours', async () => {
    const choices: Part = { kind: 'choices', text: 'Which?', options: [{ id: 's', label: 'Small' }] };
    expect(await bodyOf([choices], { inReplyTo: mid('theirs') })).toEqual({
      recipient: { id: igsid },
      message: { text: 'Which?', quick_replies: [{ content_type: 'text', title: 'Small', payload: 's' }] },
      reply_to: { mid: mid('theirs') },
    });
    expect(await bodyOf([text('a')], { inReplyTo: `postback:${igsid}:1` })).not.toHaveProperty('reply_to');
  });

  test('texts of at most 1000 bytes', () => {
    const units = planUnits([text('größer '.repeat(300))], instagramDmDefinition.capabilities);
    const sizes = units.map(([part]) => (part?.kind === 'text' ? Buffer.byteLength(part.text) : 0));
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
  });

  test('typing and read marks alone', async () => {
    const { inbox, calls } = await at();
    const target = { contactExternalId: igsid, threadKey: '', replyAddress: {}, lastInbound: null };
    await dm.signal?.(inbox, 'typing', target, options.signal);
    await dm.signal?.(inbox, 'read', target, options.signal);
    expect(calls.map(({ body }) => body)).toEqual([
      { recipient: { id: igsid }, sender_action: 'typing_on' },
      { recipient: { id: igsid }, sender_action: 'mark_seen' },
    ]);
  });
});

describe('the window', () => {
  const humanAgent = { humanAgent: true };
  const ago = (hours: number): number => Date.now() - hours * HOUR;

  test('a person may answer for seven days where Meta allowed it, by a tag', async () => {
    const body = await bodyOf([text('late')], { author: 'agent', lastInAtMs: ago(100) }, humanAgent);
    expect(body).toMatchObject({ messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' });
    expect(
      await bodyOf([text('soon')], { author: 'agent', lastInAtMs: ago(1) }, humanAgent),
    ).not.toHaveProperty('tag');
  });

  test.each<[string, Partial<OutboundMessage>, JsonObject, RegExp]>([
    ['a bot after a day', { lastInAtMs: ago(25) }, {}, /24 hours/],
    ['a bot after a day, though people may', { lastInAtMs: ago(25) }, humanAgent, /only people/],
    ['a person after a day', { author: 'agent', lastInAtMs: ago(25) }, {}, /24 hours/],
    ['a person after eight days', { author: 'agent', lastInAtMs: ago(192) }, humanAgent, /seven days/],
    ['to somebody who never wrote', { author: 'agent', lastInAtMs: null }, humanAgent, /not written/],
  ])('closed: %s', async (_, more, settings, words) => {
    const { send, calls } = await at(byInstagram, settings);
    await expect(send(messageOf([text('x')], more))).rejects.toMatchObject({
      kind: 'window_closed',
      message: expect.stringMatching(words),
    });
    expect(calls).toHaveLength(0);
  });

  test('none for an account that tries its own flow', async () => {
    const { send } = await at();
    const itself = { contactExternalId: accountId, replyAddress: { igsid: accountId }, lastInAtMs: null };
    await send(messageOf([text('x')], itself));
  });

  test('a bot keeps out of another app’s conversation', async () => {
    const { send, calls } = await at();
    const message = messageOf([text('x')], { replyAddress: { standby: true } });
    await expect(send(message)).rejects.toMatchObject({ kind: 'permanent' });
    expect(calls).toHaveLength(0);
    await send({ ...message, author: 'agent' });
  });
});

describe('who writes', () => {
  test('name and picture; no consent is not a broken token', async () => {
    const server = await graphServer({
      [`GET /${igsid}`]: {
        name: '',
        username: 'ann.lee',
        profile_pic: 'https://scontent.cdninstagram.com/a.jpg',
      },
      'GET /2': { status: 403, body: refusal(230) },
    });
    servers.push(server);
    const inbox = instagramInbox('instagram_dm', byInstagram, { baseUrl: server.url });
    expect(await dm.fetchContact?.(inbox, igsid, options.signal)).toEqual({
      name: 'ann.lee',
      avatarUrl: 'https://scontent.cdninstagram.com/a.jpg',
    });
    await expect(dm.fetchContact?.(inbox, '2', options.signal)).rejects.toMatchObject({ kind: 'permanent' });
  });

  test('media come from Meta’s hosts only', async () => {
    const { inbox } = await at();
    const fetching = dm.fetchMedia?.(
      inbox,
      { url: 'https://evil.example/a.jpg' },
      { signal: options.signal, maxBytes: 1e6 },
    );
    await expect(fetching).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining('evil.example'),
    });
  });
});
