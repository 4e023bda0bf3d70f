/** The double against LINE's own SDK, so that adapter and double can't share one mistake. */
import { HTTPFetchError, messagingApi, validateSignature, type webhook } from '@line/bot-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLineSandbox } from '#channels/line/sandbox.ts';
import { renderPart } from '#channels/line/render.ts';
import type { Part } from '#domain/message.ts';
import { ann, options, startBench, webhookUrl, type Bench } from './bench.ts';

let bench: Bench;
let client: messagingApi.MessagingApiClient;
let blobs: messagingApi.MessagingApiBlobClient;
beforeEach(async () => {
  bench = await startBench();
  const { channelAccessToken } = bench.inbox.credentials;
  // The SDK resolves paths against the root: the double is mounted there for it.
  const base = async (folder: string): Promise<string> => {
    const { serveHttp } = await import('../local-server.ts');
    const server = await serveHttp(async ({ method, path, headers, body }, response) => {
      const given = Object.entries(headers).filter(
        ([name]) => !/^(host|connection|content-length|transfer-encoding)$/.test(name),
      );
      const answer = await fetch(`${bench.url}${folder}${path}`, {
        method,
        headers: given.map(([name, value]) => [name, String(value)] as [string, string]),
        ...(method === 'GET' ? {} : { body: new Uint8Array(body) }),
      });
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    closing.push(() => server.close());
    return server.url;
  };
  client = new messagingApi.MessagingApiClient({ channelAccessToken, baseURL: await base('/api') });
  blobs = new messagingApi.MessagingApiBlobClient({ channelAccessToken, baseURL: await base('/data') });
});
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  await bench.close();
});

test('the SDK’s client gets from the double what its types promise', async () => {
  const info = await client.getBotInfo();
  expect([info.userId, info.chatMode, info.markAsReadMode]).toEqual([
    expect.stringMatching(/^U[0-9a-f]{32}$/),
    'bot',
    'manual',
  ]);
  await client.setWebhookEndpoint({ endpoint: webhookUrl });
  expect(await client.getWebhookEndpoint()).toEqual({ endpoint: webhookUrl, active: true });
  expect(await client.testWebhookEndpoint({ endpoint: webhookUrl })).toMatchObject({
    success: true,
    statusCode: 200,
  });
  expect(await client.getMessageQuota()).toEqual({ type: 'none' });
  const key = '0199a1b2-0000-7000-8000-00000000abcd';
  const push = { to: ann, messages: [{ type: 'text', text: 'Hello' } as const] };
  const first = await client.pushMessage(push, key);
  const again: unknown = await client.pushMessage(push, key).catch((error: unknown) => error);
  if (!(again instanceof HTTPFetchError)) throw new Error('it was taken twice');
  expect([again.status, (JSON.parse(again.body) as messagingApi.ErrorResponse).sentMessages]).toEqual([
    409,
    first.sentMessages,
  ]);
  expect((await client.getMessageQuotaConsumption()).totalUsage).toBe(1);
  const wrong: unknown = await client
    .replyMessage({ replyToken: 'x', messages: push.messages })
    .catch((error: unknown) => error);
  expect(wrong instanceof HTTPFetchError && [wrong.status, wrong.body]).toEqual([
    400,
    '{"message":"Invalid reply token"}',
  ]);
});

test('its blob client reads what a person sent', async () => {
  const phone = await bench.phone();
  const { messageId } = phone.write({
    chatId: ann,
    media: { kind: 'video', bytes: Buffer.from('film'), mimeType: 'video/mp4' },
  });
  expect(await blobs.getMessageContentTranscodingByMessageId(messageId)).toEqual({ status: 'succeeded' });
  const stream = await blobs.getMessageContent(messageId);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe('film');
});

test('what the double delivers is signed as the SDK checks it and shaped as it says', async () => {
  const secret = bench.inbox.credentials.channelSecret;
  const got: webhook.Event[] = [];
  const sandbox = createLineSandbox({
    publicUrl: 'https://teloring.example',
    sandboxUrl: '',
    apps: {},
    inboxes: async () => [{ ...bench.inbox, credentials: { ...bench.inbox.credentials } }],
    async deliver(_, { headers, body }) {
      expect(validateSignature(body, secret, headers['x-line-signature'] ?? '')).toBe(true);
      expect(validateSignature(body, `${secret}x`, headers['x-line-signature'] ?? '')).toBe(false);
      got.push(...(JSON.parse(body) as webhook.CallbackRequest).events);
      return { status: 200, body: '' };
    },
  });
  const phone = await sandbox.phone({ ...bench.inbox, credentials: { ...bench.inbox.credentials } });
  phone.write({ chatId: ann, text: 'Hello' });
  phone.act({ kind: 'block', chatId: ann });
  phone.act({ kind: 'unblock', chatId: ann });
  phone.write({ chatId: 'group', personId: ann, text: 'Hi' });
  await phone.settled();
  for (const event of got) {
    expect(event.webhookEventId).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect([event.mode, event.deliveryContext.isRedelivery, typeof event.timestamp]).toEqual([
      'active',
      false,
      'number',
    ]);
  }
  expect(got.map((event) => [event.type, event.source?.type])).toEqual([
    ['message', 'user'],
    ['unfollow', 'user'],
    ['follow', 'user'],
    ['message', 'group'],
  ]);
  const [first] = got;
  if (first?.type !== 'message' || first.message.type !== 'text') throw new Error('not a text');
  expect([first.message.text, first.message.quoteToken !== '', first.replyToken !== '']).toEqual([
    'Hello',
    true,
    true,
  ]);
});

test('what the adapter renders is a message of the SDK', async () => {
  const inbox = { ...bench.inbox, settings: { videoPreviewUrl: 'https://shop.example/still.jpg' } };
  const render = async (part: Part): Promise<unknown> =>
    await renderPart(inbox, { parts: [part] }, options());
  const text: messagingApi.TextMessage = {
    type: 'text',
    text: 'Which?',
    quickReply: {
      items: [
        {
          type: 'action',
          action: {
            type: 'postback',
            label: 'A',
            data: '{"id":"a","label":"A"}',
            displayText: 'A',
          } satisfies messagingApi.PostbackAction & { label: string },
        },
      ],
    },
  };
  expect(await render({ kind: 'choices', text: 'Which?', options: [{ id: 'a', label: 'A' }] })).toEqual(text);
  const originalContentUrl = 'https://teloring.example/media/v?sig=x';
  const video: messagingApi.VideoMessage = {
    type: 'video',
    originalContentUrl,
    previewImageUrl: 'https://shop.example/still.jpg',
  };
  expect(await render({ kind: 'video', mediaId: 'v', mimeType: 'video/mp4' })).toEqual(video);
  const audio: messagingApi.AudioMessage = { type: 'audio', originalContentUrl, duration: 2000 };
  expect(await render({ kind: 'audio', mediaId: 'v', mimeType: 'audio/mpeg' })).toEqual(audio);
});
