/** The double is as good as Telegram to somebody else's client: grammY's calls go through and it takes the double's updates. */
import { Api, Bot, GrammyError, InputFile, webhookCallback } from 'grammy';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BotControl } from '#channels/telegram/sandbox/control.ts';
import { startSandbox, startWebhook, type SandboxServer, type Webhook } from './sandbox-server.ts';

const ann = { id: 4711, firstName: 'Ann', lastName: 'Lee' };
let sandbox: SandboxServer;
let webhook: Webhook;
let control: BotControl;
let api: Api;
let token: string;
let bots = 100;

beforeAll(async () => {
  [sandbox, webhook] = await Promise.all([startSandbox(), startWebhook()]);
});
afterAll(() => Promise.all([sandbox.close(), webhook.close()]));
beforeEach(async () => {
  token = `${++bots}:AAsandbox_token-${bots}`;
  control = await sandbox.control(token);
  api = new Api(token, { apiRoot: sandbox.url });
  webhook.received.length = 0;
  webhook.statuses.length = 0;
});
async function refusal(call: Promise<unknown>): Promise<GrammyError> {
  const error: unknown = await call.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof GrammyError)) throw error;
  return error;
}

describe('grammY as the client', () => {
  test('getMe, and 401 and 404 for tokens that are no more or never were', async () => {
    expect(await api.getMe()).toMatchObject({ id: bots, is_bot: true });
    control.setRevoked(true);
    expect((await refusal(api.getMe())).error_code).toBe(401);
    expect((await refusal(new Api('nonsense', { apiRoot: sandbox.url }).getMe())).error_code).toBe(404);
  });

  test('every way to send, JSON and multipart', async () => {
    const sent = [
      await api.sendMessage(ann.id, 'Hello'),
      await api.sendPhoto(ann.id, new InputFile(Buffer.from('png'), 'a.png'), { caption: 'A' }),
      await api.sendDocument(ann.id, new InputFile(Buffer.from('pdf'), 'b.pdf')),
      await api.sendVideo(ann.id, new InputFile(Buffer.from('mp4'), 'c.mp4')),
      await api.sendAudio(ann.id, new InputFile(Buffer.from('mp3'), 'd.mp3')),
      await api.sendVoice(ann.id, new InputFile(Buffer.from('ogg'), 'e.ogg')),
      await api.sendLocation(ann.id, 52.5, 13.4),
      await api.sendVenue(ann.id, 52.5, 13.4, 'Café', 'Main St 1'),
    ];
    const ids = sent.map((message) => message.message_id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(new Set(ids).size).toBe(ids.length);
    expect(sent[1]).toMatchObject({ caption: 'A', photo: [{ file_size: 3 }] });
    expect(sent[2]).toMatchObject({ document: { file_name: 'b.pdf' } });
    expect(control.ledger().map(({ method, messageId }) => [method, messageId])).toEqual(
      [
        'sendmessage',
        'sendphoto',
        'senddocument',
        'sendvideo',
        'sendaudio',
        'sendvoice',
        'sendlocation',
        'sendvenue',
      ].map((method, index) => [method, String(ids[index])]),
    );
    expect(control.ledger()[1]?.file).toMatchObject({ name: 'a.png', sizeBytes: 3 });
  });

  test('a chat action is shown until the next message; a wrong one, or one to somebody who blocked the bot, is refused', async () => {
    expect(await api.sendChatAction(ann.id, 'typing')).toBe(true);
    const typing = (): boolean => (control.chats()[0]?.typingUntilMs ?? 0) > Date.now();
    expect(typing()).toBe(true);
    expect(control.ledger()).toEqual([]);
    await api.sendMessage(ann.id, 'There');
    expect(typing()).toBe(false);
    expect((await refusal(api.sendChatAction(ann.id, 'dancing' as 'typing'))).error_code).toBe(400);
    control.setBlocked(ann.id, true);
    expect((await refusal(api.sendChatAction(ann.id, 'typing'))).error_code).toBe(403);
  });

  test('buttons, quotes, and what Telegram would refuse', async () => {
    const reply_markup = { inline_keyboard: [[{ text: 'Large', callback_data: 'large' }]] };
    const asked = await api.sendMessage(ann.id, 'Which?', { reply_markup });
    expect(asked.reply_markup).toEqual(reply_markup);
    const quoting = await api.sendMessage(ann.id, 'This', {
      reply_parameters: { message_id: asked.message_id },
    });
    expect(quoting.reply_to_message?.message_id).toBe(asked.message_id);
    const long = { inline_keyboard: [[{ text: 'x', callback_data: 'é'.repeat(33) }]] };
    const refused = await Promise.all(
      [
        api.sendMessage(ann.id, ' '),
        api.sendMessage(ann.id, 'x'.repeat(4097)),
        api.sendMessage(ann.id, 'x', { reply_markup: long }),
        api.sendMessage(ann.id, 'x', { reply_parameters: { message_id: 1 } }),
        api.sendMessage('nobody', 'x'),
        api.sendLocation(ann.id, 91, 0),
      ].map(refusal),
    );
    expect(refused.map(({ error_code: code }) => code)).toEqual([400, 400, 400, 400, 400, 400]);
    expect(control.ledger()).toHaveLength(2);
  });

  test('a webhook is taken with its secret, told again, removed; getUpdates conflicts meanwhile', async () => {
    expect((await refusal(api.setWebhook('http://example.com/hook'))).description).toContain('bad webhook');
    expect(
      (await refusal(api.setWebhook('https://example.com/hook', { secret_token: 'not ok!' }))).error_code,
    ).toBe(400);
    await api.setWebhook(`${webhook.url}/hook`, { secret_token: 's3cret', allowed_updates: ['message'] });
    expect(await api.getWebhookInfo()).toMatchObject({
      url: `${webhook.url}/hook`,
      pending_update_count: 0,
      allowed_updates: ['message'],
    });
    expect((await refusal(api.getUpdates())).error_code).toBe(409);
    await api.deleteWebhook();
    expect((await api.getWebhookInfo()).url).toBe('');
  });

  test('files go in and come out', async () => {
    const bytes = Buffer.from('a photo');
    const written = control.write({ from: ann, photo: { bytes, mimeType: 'image/jpeg' } });
    const file = await api.getFile(written.photo?.at(-1)?.file_id ?? '');
    const answer = await fetch(`${sandbox.url}/file/bot${token}/${file.file_path}`);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    expect((await refusal(api.getFile('unknown'))).error_code).toBe(400);
    expect((await fetch(`${sandbox.url}/file/bot${token}/unknown`)).status).toBe(404);
  });

  test('faults come as they were ordered, and only as often', async () => {
    control.addFault({ kind: 'rate_limited', times: 1, retryAfterSeconds: 9 });
    control.addFault({ kind: 'server_error', times: 1 });
    control.addFault({ kind: 'forbidden', method: 'sendPhoto', times: 1 });
    const limited = await refusal(api.sendMessage(ann.id, 'x'));
    expect([limited.error_code, limited.parameters.retry_after]).toEqual([429, 9]);
    expect((await refusal(api.sendMessage(ann.id, 'x'))).error_code).toBe(500);
    expect((await api.sendMessage(ann.id, 'x')).text).toBe('x');
    expect((await refusal(api.sendPhoto(ann.id, new InputFile(Buffer.from('p'), 'p.png')))).error_code).toBe(
      403,
    );
    expect(control.ledger()).toHaveLength(1);
  });

  test('a timeout after accepting: no answer, and yet in the ledger', async () => {
    control.addFault({ kind: 'timeout_after_accepting', times: 1 });
    const call = fetch(`${sandbox.url}/bot${token}/sendMessage?chat_id=1&text=x`, {
      signal: AbortSignal.timeout(150),
    });
    await expect(call).rejects.toThrow(/timeout|aborted/i);
    expect(control.ledger()).toHaveLength(1);
  });
});

describe('grammY as the receiver', () => {
  test('takes every kind of update the double makes, with the secret', async () => {
    const bot = new Bot(token, { client: { apiRoot: sandbox.url } });
    const seen: string[] = [];
    bot.on(
      'message:text',
      (context) => void seen.push(`text ${context.message.text} of ${context.from.first_name}`),
    );
    bot.on('message:photo', (context) => void seen.push(`photo ${context.message.caption ?? ''}`));
    bot.on('edited_message:text', (context) => void seen.push(`edit ${context.editedMessage.text}`));
    bot.on('callback_query:data', async (context) => {
      seen.push(`press ${context.callbackQuery.data}`);
      await context.answerCallbackQuery();
    });
    bot.on(
      'message_reaction',
      (context) => void seen.push(`reaction ${context.reactions().emojiAdded.join('')}`),
    );
    bot.on(
      'my_chat_member',
      (context) => void seen.push(`member ${context.myChatMember.new_chat_member.status}`),
    );
    await bot.init();
    const handle = webhookCallback(bot, 'std/http', { secretToken: 's3cret' });
    await api.setWebhook(`${webhook.url}/hook`, {
      secret_token: 's3cret',
      allowed_updates: ['message', 'edited_message', 'callback_query', 'message_reaction', 'my_chat_member'],
    });
    const reply_markup = { inline_keyboard: [[{ text: 'Large', callback_data: 'large' }]] };
    const written = control.write({ from: ann, text: 'Hello' });
    const asked = await api.sendMessage(ann.id, 'Which?', { reply_markup });
    control.write({ from: ann, photo: { bytes: Buffer.from('p'), mimeType: 'image/jpeg', caption: 'Look' } });
    control.edit(ann.id, written.message_id, 'Hello!');
    control.press(ann.id, asked.message_id, 'large');
    control.react(ann.id, asked.message_id, '👍');
    control.setBlocked(ann.id, true);
    await vi.waitFor(() => expect(webhook.received).toHaveLength(6));
    for (const { headers, body } of webhook.received) {
      const secret = String(headers['x-telegram-bot-api-secret-token']);
      const answer = await handle(
        new Request('http://bot/hook', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret },
          body: new Uint8Array(body),
        }),
      );
      expect(answer.status).toBe(200);
    }
    expect(seen).toEqual([
      'text Hello of Ann',
      'photo Look',
      'edit Hello!',
      'press large',
      'reaction 👍',
      'member kicked',
    ]);
    expect(control.answeredCallbacks()).toHaveLength(1);
    expect((await refusal(api.sendMessage(ann.id, 'x'))).error_code).toBe(403);
  });

  test('topics and business chats: what is written there, by whom, and what the bot sends there', async () => {
    const seen: string[] = [];
    const bot = new Bot(token, { client: { apiRoot: sandbox.url } });
    bot.on('message', (ctx) => void seen.push(`topic ${ctx.message.message_thread_id}`));
    bot.on(
      'business_message',
      (ctx) => void seen.push(`${ctx.from.first_name}: ${ctx.businessMessage.text}`),
    );
    bot.on('edited_business_message', (ctx) => void seen.push(`edit ${ctx.editedBusinessMessage.text}`));
    bot.on('deleted_business_messages', (ctx) => {
      seen.push(`deleted ${ctx.deletedBusinessMessages.message_ids.length} of ${ctx.businessConnectionId}`);
    });
    bot.botInfo = await api.getMe();
    await api.setWebhook(`${webhook.url}/hook`, { secret_token: 's' });
    control.write({ from: ann, chatId: -100, topicId: 7, text: 'here' });
    const business = { from: ann, businessConnectionId: 'bc' };
    const asked = control.write({ ...business, text: 'Open?' });
    control.write({ ...business, text: 'Until six', byOwner: true });
    control.edit(ann.id, asked.message_id, 'Open now?');
    control.remove(ann.id, asked.message_id);
    await vi.waitFor(() => expect(webhook.received).toHaveLength(5));
    for (const { body } of webhook.received) await bot.handleUpdate(JSON.parse(body.toString()) as never);
    expect(seen.toSorted()).toEqual(
      ['topic 7', 'Ann: Open?', 'Owner: Until six', 'edit Open now?', 'deleted 1 of bc'].toSorted(),
    );
    expect(await api.sendMessage(-100, 'There', { message_thread_id: 7 })).toMatchObject({
      message_thread_id: 7,
      is_topic_message: true,
    });
    expect(await api.sendMessage(ann.id, 'For you', { business_connection_id: 'bc' })).toMatchObject({
      business_connection_id: 'bc',
      from: { first_name: 'Owner' },
      sender_business_bot: { id: bots },
    });
    const other = control.write({ from: ann, text: 'to the bot itself' });
    expect(() => control.remove(ann.id, other.message_id)).toThrow(/business chats only/);
    await control.settled();
  });

  test('an update is held behind a failing one of its chat, comes again, and the failure is told', async () => {
    webhook.statuses.push(500, 503);
    await api.setWebhook(`${webhook.url}/hook`, { secret_token: 's' });
    control.write({ from: ann, text: 'first' });
    control.write({ from: ann, text: 'second' });
    await vi.waitFor(() => expect(webhook.received).toHaveLength(4), { timeout: 5_000 });
    const texts = webhook.received.map(
      ({ body }) => (JSON.parse(body.toString()) as { message: { text: string } }).message.text,
    );
    expect(texts).toEqual(['first', 'first', 'first', 'second']);
    const ids = webhook.received.map(
      ({ body }) => (JSON.parse(body.toString()) as { update_id: number }).update_id,
    );
    expect(new Set(ids).size).toBe(2);
    expect(await api.getWebhookInfo()).toMatchObject({ pending_update_count: 0, last_error_message: /503/ });
  });

  test('updates wait for a webhook, and reactions come only when asked for', async () => {
    const { message_id: id } = control.write({ from: ann, text: 'early' });
    expect(control.pendingCount()).toBe(1);
    await api.setWebhook(`${webhook.url}/hook`, { secret_token: 's' });
    await vi.waitFor(() => expect(webhook.received).toHaveLength(1));
    control.react(ann.id, id, '👍');
    expect(control.pendingCount()).toBe(0);
  });
});
