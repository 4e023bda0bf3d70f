/**
 * A double of Telegram's Bot API, spoken over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`. A bot comes to be with
 * the first call that names a well-formed token. Everything lives in this process's memory and ends with it.
 */
import { Refusal, refused, success } from './answers.ts';
import { createBot, type Bot, type Fault, type Webhook } from './bot.ts';
import { createControl, type BotControl } from './control.ts';
import { createDelivery, type Deliver } from './delivery.ts';
import { readFields, type Fields } from './fields.ts';
import { methods, type MethodDeps } from './methods.ts';
import { acceptSend, isSend } from './sends.ts';

export interface TelegramBots {
  /** Answers one call. `path` is the URL's path below the double's own address, beginning with `/bot` or `/file/bot`. */
  handle(request: Request, path: string): Promise<Response>;
  /** The customers' side of a bot: write to it, press its buttons, block it, break it, read what it sent. */
  control(token: string): Promise<BotControl>;
  /** Ends delivery and lets go of every call it keeps waiting. */
  close(): void;
}

export function createTelegramBots(options: {
  deliver: Deliver;
  acceptsWebhook: (url: URL) => boolean;
  /** Asked when a bot comes to be: the webhook an earlier process was given for it. */
  recall?: (token: string) => Promise<Webhook | null>;
}): TelegramBots {
  const bots = new Map<string, Promise<Bot>>();
  const delivery = createDelivery(options.deliver);
  const deps: MethodDeps = { delivery, acceptsWebhook: options.acceptsWebhook };
  const ended = new AbortController();

  const botOf = (token: string): Promise<Bot> => {
    const known = bots.get(token);
    if (known) return known;
    const bot = Promise.resolve(options.recall?.(token) ?? null).then((webhook) => ({
      ...createBot(token),
      webhook,
    }));
    bots.set(token, bot);
    // A failed recall is no knowledge.
    void bot.catch(() => bots.delete(token));
    return bot;
  };
  return {
    async handle(request, path) {
      if (path.startsWith('/phone/')) return await phoneFile(bots, path);
      const [, isFile, token = '', rest = ''] = /^(\/file)?\/bot([^/]+)\/(.+)$/.exec(path) ?? [];
      if (!/^\d+:[\w-]+$/.test(token)) return refused(new Refusal(404, 'Not Found'));
      const bot = await botOf(token);
      if (bot.revoked) return refused(new Refusal(401, 'Unauthorized'));
      if (isFile) return download(bot, rest);
      const fields = await readFields(request);
      if (!fields) return refused(new Refusal(400, 'Bad Request: can’t parse the request body'));
      try {
        return await call(deps, bot, rest.toLowerCase(), fields, ended.signal);
      } catch (error) {
        if (error instanceof Refusal) return refused(error);
        throw error;
      }
    },
    control: async (token) => createControl(await botOf(token), delivery),
    close() {
      delivery.close();
      ended.abort();
    },
  };
}

async function call(
  deps: MethodDeps,
  bot: Bot,
  method: string,
  fields: Fields,
  ended: AbortSignal,
): Promise<Response> {
  const fault = takeFault(bot, method);
  if (fault) refuseBy(fault);
  if (fault?.kind === 'slow') await pause(fault.delayMs ?? 1_000, ended);
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!known && !isSend(method)) throw new Refusal(404, 'Not Found: method not found');
  const result = known ? known(deps, bot, fields) : acceptSend(bot, method, fields);
  if (fault?.kind === 'timeout_after_accepting') await pause(fault.delayMs ?? 60_000, ended);
  return success(result);
}

function takeFault(bot: Bot, method: string): Fault | undefined {
  const fault = bot.faults.find(
    ({ times, method: only }) =>
      times > 0 && (only === '*' || (only ? only.toLowerCase() === method : isSend(method))),
  );
  if (fault) fault.times -= 1;
  return fault;
}

function refuseBy({ kind, retryAfterSeconds = 1 }: Fault): void {
  switch (kind) {
    case 'rate_limited':
      throw new Refusal(429, `Too Many Requests: retry after ${retryAfterSeconds}`, {
        retry_after: retryAfterSeconds,
      });
    case 'forbidden':
      throw new Refusal(403, 'Forbidden: bot was blocked by the user');
    case 'kicked':
      throw new Refusal(403, 'Forbidden: bot was kicked from the supergroup chat');
    case 'unauthorized':
      throw new Refusal(401, 'Unauthorized');
    case 'bad_request':
      throw new Refusal(400, 'Bad Request: a fault that was asked for');
    case 'server_error':
      throw new Refusal(500, 'Internal Server Error');
    case 'slow':
    case 'timeout_after_accepting':
  }
}

/** What the phone shows in `<img>`: no token in its path, an unguessable id instead. */
async function phoneFile(bots: Map<string, Promise<Bot>>, path: string): Promise<Response> {
  const fileId = decodeURIComponent(path.slice('/phone/'.length));
  for (const bot of bots.values()) {
    const file = (await bot).files.get(fileId);
    if (file)
      return new Response(Uint8Array.from(file.bytes), { headers: { 'content-type': file.mimeType } });
  }
  return refused(new Refusal(404, 'Not Found'));
}

function download(bot: Bot, path: string): Response {
  const file = [...bot.files.values()].find((item) => item.path === decodeURIComponent(path));
  if (!file) return refused(new Refusal(404, 'Not Found'));
  // As the real one: the type is left to the receiver.
  return new Response(Uint8Array.from(file.bytes), {
    headers: { 'content-type': 'application/octet-stream' },
  });
}

async function pause(ms: number, ended: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  timer.unref();
  ended.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
