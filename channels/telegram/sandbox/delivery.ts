import type { Update } from '@grammyjs/types';
import type { Bot } from './bot.ts';

/** Hands an update to the webhook; resolves with its status, or 0 where nobody answered. */
export type Deliver = (url: string, headers: Record<string, string>, body: string) => Promise<number>;

/** Left out unless asked for by name, as Telegram does. */
const NOT_BY_DEFAULT = new Set(['chat_member', 'message_reaction', 'message_reaction_count']);
const MAX_TRIES = 30;
const MAX_BACKOFF_MS = 8_000;

export interface Delivery {
  /** At least once and in order per chat: an update is held behind a failing one of its chat. */
  enqueue(bot: Bot, update: Update, chatId: number): void;
  /** Goes on with what waits, after `setWebhook`. */
  resume(bot: Bot): void;
  /** Resolves once nothing of this bot is under way. */
  settled(bot: Bot): Promise<void>;
  close(): void;
}

export function createDelivery(deliver: Deliver): Delivery {
  const busy = new Map<string, Promise<void>>();
  const ended = new AbortController();

  const run = async (bot: Bot, chatId: number): Promise<void> => {
    let tries = 0;
    while (!ended.signal.aborted) {
      const next = bot.pending.find((item) => item.chatId === chatId);
      const webhook = bot.webhook;
      if (!next || !webhook || bot.held) return;
      const headers = {
        'content-type': 'application/json',
        'x-telegram-bot-api-secret-token': webhook.secret,
      };
      const body = JSON.stringify(next.update);
      const status = await deliver(webhook.url, headers, body).catch(() => 0);
      if (status >= 200 && status < 300) {
        for (let copy = 1; copy < bot.copies; copy += 1)
          await deliver(webhook.url, headers, body).catch(() => 0);
        drop(bot, next);
        tries = 0;
        continue;
      }
      tries += 1;
      bot.lastError = {
        atMs: Date.now(),
        message: status === 0 ? 'Connection refused' : `Wrong response from the webhook: ${status}`,
      };
      if (tries >= MAX_TRIES) {
        drop(bot, next);
        tries = 0;
      }
      await pause(Math.min(MAX_BACKOFF_MS, 100 * 2 ** tries));
    }
  };
  const start = (bot: Bot, chatId: number): void => {
    const key = `${bot.token}/${chatId}`;
    if (busy.has(key) || !bot.webhook || bot.held) return;
    const running = run(bot, chatId).finally(() => {
      busy.delete(key);
      // One may have come between the last look and now.
      if (!ended.signal.aborted && bot.pending.some((item) => item.chatId === chatId)) start(bot, chatId);
    });
    busy.set(key, running);
  };
  return {
    enqueue(bot, update, chatId) {
      const kind = Object.keys(update).find((key) => key !== 'update_id') ?? '';
      const allowed = bot.webhook?.allowedUpdates ?? [];
      if (allowed.length > 0 ? !allowed.includes(kind) : NOT_BY_DEFAULT.has(kind)) return;
      bot.pending.push({ update, chatId });
      start(bot, chatId);
    },
    resume(bot) {
      for (const chatId of new Set(bot.pending.map((item) => item.chatId))) start(bot, chatId);
    },
    async settled(bot) {
      const ofBot = (): Promise<void>[] =>
        [...busy].filter(([key]) => key.startsWith(`${bot.token}/`)).map(([, running]) => running);
      for (let running = ofBot(); running.length > 0; running = ofBot()) await Promise.all(running);
    },
    close() {
      ended.abort();
    },
  };
}

function drop(bot: Bot, item: Bot['pending'][number]): void {
  const at = bot.pending.indexOf(item);
  if (at >= 0) bot.pending.splice(at, 1);
}

async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms).unref();
  await promise;
}
