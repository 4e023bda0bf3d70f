/** Sending, signalling and fetching files, over a real port. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Part } from '#domain/message.ts';
import type { OutboundMessage, SendOptions, SignalTarget } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createWhatsappAdapter } from '#channels/whatsapp/adapter.ts';
import { serveHttp } from '../local-server.ts';
import { serveGraph, type GraphServer } from './graph-server.ts';
import { accessToken, phoneNumberId, whatsappInbox } from './inbox.ts';
import { sendRequest, type SendRequest } from './provider.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const adapter = createWhatsappAdapter({ http });
const signal = (): AbortSignal => AbortSignal.timeout(2_000);
const hourMs = 3_600_000;
let graph: GraphServer;
beforeEach(async () => {
  graph = await serveGraph();
  graph.answers[`POST /${phoneNumberId}/messages`] = {
    messaging_product: 'whatsapp',
    contacts: [{ input: '16505551234', wa_id: '16505551234' }],
    messages: [{ id: 'wamid.sent', message_status: 'accepted' }],
  };
  graph.answers[`POST /${phoneNumberId}/media`] = { id: '4490709327384033' };
});
afterEach(() => graph.close());
afterAll(() => http.close());

const options: Omit<SendOptions, 'signal'> = {
  key: '0199a1b2-0000-7000-8000-0000000000aa',
  media: async () => ({ bytes: Buffer.from('the bytes'), mimeType: 'image/jpeg', name: 'cat.jpg' }),
};
const message = (part: Part, more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: '0199a1b2-0000-7000-8000-0000000000bb',
  conversationId: '0199a1b2-0000-7000-8000-0000000000cc',
  contactExternalId: 'US.1349',
  threadKey: '',
  replyAddress: { to: '16505551234', recipient: 'US.1349' },
  parts: [part],
  author: 'bot',
  lastInAtMs: Date.now() - hourMs,
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
});
const hello: Part = { kind: 'text', text: 'Hello' };
const send = (part: Part, more?: Partial<OutboundMessage>, settings = {}) =>
  adapter.send(whatsappInbox(graph.url, settings), message(part, more), { ...options, signal: signal() });

/** The last call, held against Meta's documented shape. */
function sent(): SendRequest {
  const last = graph.calls.at(-1);
  expect(last?.call).toBe(`POST /${phoneNumberId}/messages`);
  expect(last?.token).toBe(accessToken);
  return sendRequest.parse(JSON.parse(last?.body ?? ''));
}

describe('send', () => {
  test('text, by number, with our key and a quote', async () => {
    expect(await send(hello, { inReplyTo: 'wamid.quoted' })).toEqual({ providerMessageId: 'wamid.sent' });
    expect(sent()).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '16505551234',
      type: 'text',
      text: { body: 'Hello', preview_url: false },
      context: { message_id: 'wamid.quoted' },
      biz_opaque_callback_data: options.key,
    });
  });

  test('a call can’t be quoted', async () => {
    await send(hello, { inReplyTo: 'wacid.HBgLMTY1MDU1NTEyMzQ:terminate' });
    expect(sent()).not.toHaveProperty('context');
  });

  test.each([
    [{ recipient: 'ES.9' }, 'ES.9', { recipient_type: 'individual', recipient: 'ES.9' }],
    [{}, 'ES.9', { recipient_type: 'individual', recipient: 'ES.9' }],
    [{}, '+4915112345678', { recipient_type: 'individual', to: '4915112345678' }],
    [{ group: 'Y2Fw' }, 'ES.9', { recipient_type: 'group', to: 'Y2Fw' }],
  ])('to %j of %s: %j', async (replyAddress, contactExternalId, recipient) => {
    await send(hello, { replyAddress, contactExternalId });
    const { to, recipient: userId, recipient_type } = sent();
    expect({ to, recipient: userId, recipient_type }).toEqual({
      to: undefined,
      recipient: undefined,
      ...recipient,
    });
  });

  test('a file is uploaded, then named', async () => {
    await send({ kind: 'image', mediaId: 'm', mimeType: 'image/jpeg', caption: 'A cat' });
    expect(graph.calls.map(({ call }) => call)).toEqual([
      `POST /${phoneNumberId}/media`,
      `POST /${phoneNumberId}/messages`,
    ]);
    const upload = graph.calls[0]?.body ?? '';
    for (const field of [
      'name="messaging_product"',
      'whatsapp',
      'name="type"',
      'image/jpeg',
      'filename="cat.jpg"',
    ])
      expect(upload).toContain(field);
    expect(upload).toContain('the bytes');
    expect(sent()).toMatchObject({ type: 'image', image: { id: '4490709327384033', caption: 'A cat' } });
  });

  test('a document keeps its name', async () => {
    await send({ kind: 'file', mediaId: 'm', mimeType: 'image/jpeg' });
    expect(sent()).toMatchObject({ document: { id: '4490709327384033', filename: 'cat.jpg' } });
  });

  test('an upload without an answer was no send', async () => {
    graph.answers[`POST /${phoneNumberId}/media`] = { status: 502, body: {} };
    const sending = send({ kind: 'image', mediaId: 'm', mimeType: 'image/jpeg' });
    await expect(sending).rejects.toMatchObject({ kind: 'not_sent', message: /nothing was sent/ });
    expect(graph.calls).toHaveLength(1);
  });

  test('location, contact card, list, template', async () => {
    await send({ kind: 'location', lat: 52.5, lon: 13.4, name: 'Berlin' });
    expect(sent()).toMatchObject({ location: { latitude: 52.5, longitude: 13.4, name: 'Berlin' } });
    await send({ kind: 'contact_card', name: 'Ann', phones: ['+491'], emails: ['a@example.com'] });
    expect(sent()).toMatchObject({
      contacts: [
        {
          name: { formatted_name: 'Ann' },
          phones: [{ phone: '+491' }],
          emails: [{ email: 'a@example.com' }],
        },
      ],
    });
    const optionsOf4 = ['a', 'b', 'c', 'd'].map((id) => ({ id, label: id }));
    await send({ kind: 'choices', text: 'Which?', options: optionsOf4 }, {}, { listButton: 'Auswählen' });
    expect(sent()).toMatchObject({ interactive: { type: 'list', action: { button: 'Auswählen' } } });
    await send({ kind: 'template', name: 'order', params: ['7'] }, {}, { templateLanguage: 'de' });
    expect(sent()).toMatchObject({ template: { name: 'order', language: { code: 'de' } } });
  });

  test.each([
    ['over', Date.now() - 24 * hourMs - 1, /more than 24 hours/],
    ['not begun', null, /has not written/],
  ])('the window is %s: nothing but a template leaves', async (_, lastInAtMs, words) => {
    await expect(send(hello, { lastInAtMs })).rejects.toMatchObject({
      kind: 'window_closed',
      message: words,
    });
    expect(graph.calls).toEqual([]);
    await send({ kind: 'template', name: 'hello' }, { lastInAtMs });
    expect(sent().type).toBe('template');
  });

  test('a repeated send would be a second message', () => {
    expect(adapter.resend(whatsappInbox())).toBe('unsafe');
  });
});

describe('signal', () => {
  const target = (providerMessageId: string | null): SignalTarget => ({
    contactExternalId: 'US.1349',
    threadKey: '',
    replyAddress: {},
    lastInbound: providerMessageId === null ? null : { providerMessageId },
  });
  const tell = (kind: 'typing' | 'read', to: SignalTarget) =>
    adapter.signal?.(whatsappInbox(graph.url), kind, to, signal());

  test('read, and typing, which reads', async () => {
    graph.answers[`POST /${phoneNumberId}/messages`] = { success: true };
    await tell('read', target('wamid.1'));
    await tell('typing', target('wamid.2'));
    expect(graph.calls.map(({ body }) => JSON.parse(body))).toEqual([
      { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.1' },
      {
        messaging_product: 'whatsapp',
        status: 'read',
        message_id: 'wamid.2',
        typing_indicator: { type: 'text' },
      },
    ]);
  });

  test('nothing to mark, no call', async () => {
    await tell('typing', target(null));
    await tell('read', target('wacid.1:connect'));
    expect(graph.calls).toEqual([]);
  });
});

describe('media', () => {
  const fetchMedia = (source: Record<string, string>, maxBytes = 1_000) =>
    adapter.fetchMedia?.(whatsappInbox(graph.url), source, { signal: signal(), maxBytes });

  test('asks for the link, then fetches it with the token', async () => {
    graph.answers['GET /1003383421387256'] = {
      url: `${graph.url}/cdn/file`,
      mime_type: 'image/jpeg',
      file_size: '9',
    };
    graph.answers['GET /cdn/file'] = { the: 'bytes' };
    const media = await fetchMedia({ mediaId: '1003383421387256', mimeType: 'image/jpeg', name: 'a.jpg' });
    expect(media).toMatchObject({ mimeType: 'image/jpeg', name: 'a.jpg' });
    expect(new TextDecoder().decode(media?.bytes)).toBe('{"the":"bytes"}');
    expect(graph.calls[0]?.query.get('phone_number_id')).toBe(phoneNumberId);
    expect(graph.calls.map(({ token }) => token)).toEqual([accessToken, accessToken]);
  });

  test('a link to a foreign host gets neither a call nor the token', async () => {
    let visits = 0;
    const foreign = await serveHttp((_, response) => {
      visits += 1;
      response.end('x');
    });
    graph.answers['GET /1'] = { url: `${foreign.url}/file` };
    await expect(fetchMedia({ mediaId: '1' })).rejects.toMatchObject({ kind: 'permanent' });
    expect(visits).toBe(0);
    await foreign.close();
  });

  test('too large is refused before a byte is fetched', async () => {
    graph.answers['GET /1'] = { url: `${graph.url}/cdn/file`, file_size: 1_001 };
    await expect(fetchMedia({ mediaId: '1' })).rejects.toMatchObject({ kind: 'permanent' });
    expect(graph.calls).toHaveLength(1);
  });

  test('no answer is a reason to look again; a path is no id', async () => {
    graph.answers['GET /1'] = { status: 502, body: {} };
    await expect(fetchMedia({ mediaId: '1' })).rejects.toMatchObject({ kind: 'retry_after' });
    await expect(fetchMedia({ mediaId: '../me' })).rejects.toMatchObject({ kind: 'permanent' });
  });
});
