/** I10 at the edge of every adapter: what a provider repeats of our secrets is blotted out, and nothing else changes. */
import { expect, test } from 'vitest';
import { anyAdapter } from '#channels/any-adapter.ts';
import {
  ChannelError,
  type AdapterInbox,
  type ChannelAdapter,
  type SendOptions,
} from '#channels/contract.ts';
import { telegramDefinition, type TelegramCredentials } from '#channels/telegram/definition.ts';
import { createTelegramAdapter } from '#channels/telegram/adapter.ts';
import { createHttpClient } from '#channels/http.ts';
import { alone } from '../support/connect-context.ts';

const botToken = '4711:AA/secret+token';
const inbox: AdapterInbox = {
  id: 'i',
  workspaceId: 'w',
  type: 'telegram',
  name: 'Bot',
  accountKey: '4711',
  sandbox: false,
  credentials: { botToken, webhookSecret: 'hook' },
  settings: {},
  urls: {},
  apps: { meta: { provider: 'meta', id: 'app', secret: 'secret-of-the-app', sandbox: false } },
};
const signal = AbortSignal.timeout(5_000);

function throwing(error: Error): ChannelAdapter {
  const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
  const fails = (): Promise<never> => Promise.reject(error);
  const adapter: ChannelAdapter<TelegramCredentials> = {
    ...createTelegramAdapter({ http }),
    connect: fails,
    send: fails,
    signal: fails,
    probe: async () => ({
      inbound: { state: 'ok' },
      outbound: { state: 'failing', reason: `No: ${botToken}` },
      facts: { said: [{ url: `https://x.test/${encodeURIComponent(botToken)}/` }, 7, null] },
    }),
  };
  return anyAdapter(adapter);
}

class Special extends ChannelError {
  override name = 'Special';
}

test('an error’s words, its stack and its causes; its class and kind stay', async () => {
  const cause = new Error(`GET /bot${botToken}/getMe`);
  const error = new Special('retry_after', `${botToken} of secret-of-the-app; hook stays`, {
    retryAfterMs: 5,
    cause,
  });
  const thrown = await throwing(error)
    .connect(inbox, 'https://x.test', signal, alone)
    .catch((reason: unknown) => reason);
  expect(thrown).toBe(error);
  expect(thrown).toBeInstanceOf(Special);
  expect(error).toMatchObject({ kind: 'retry_after', retryAfterMs: 5, message: '… of …; hook stays' });
  expect(error.stack).not.toContain(botToken);
  expect(cause.message).toBe('GET /bot…/getMe');
});

test('a cause that can’t be written to, such as a timeout’s, is no reason to fail', async () => {
  const cause = AbortSignal.abort().reason as DOMException;
  const error = new ChannelError('no_answer', `No answer for ${botToken}`, { cause });
  const options = { key: 'k', signal, media: () => Promise.reject(error) } satisfies SendOptions;
  const sending = throwing(error).send(inbox, {} as never, options);
  await expect(sending).rejects.toMatchObject({ kind: 'no_answer', message: 'No answer for …', cause });
});

test('what a probe found', async () => {
  expect(await throwing(new Error('none')).probe(inbox, 'https://x.test', signal)).toEqual({
    inbound: { state: 'ok' },
    outbound: { state: 'failing', reason: 'No: …' },
    facts: { said: [{ url: 'https://x.test/…/' }, 7, null] },
  });
});

test('what isn’t a provider’s error passes as it is, and so does everything that makes no call', async () => {
  const defect = new TypeError(`a defect with ${botToken}`);
  const adapter = throwing(defect);
  await expect(adapter.signal?.(inbox, 'typing', {} as never, signal)).rejects.toBe(defect);
  expect(defect.message).toContain(botToken);
  expect(adapter.definition).toBe(telegramDefinition);
  expect(adapter).not.toHaveProperty('fetchContact');
  expect(adapter.resend(inbox)).toBe('unsafe');
});
