/**
 * Doubles of providers, for sandbox inboxes; mounted only with TELORING_SANDBOX=1. What bots call needs no login, as at the provider:
 * the token is the key. What moves the customers needs an admin of the inbox's workspace.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { jsonOf } from '#channels/json-body.ts';
import { ALLOWED_UPDATES } from '#channels/telegram/parse.ts';
import { createTelegramSandbox, type TelegramSandbox } from '#channels/telegram/sandbox.ts';
import type { Webhook } from '#channels/telegram/sandbox/bot.ts';
import type { BotControl } from '#channels/telegram/sandbox/control.ts';
import { isUuid } from '#domain/ids.ts';
import type { Config } from '../config.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { sameOrigin } from '../middleware/same-origin.ts';
import { createRouter, jsonAnswer, jsonBody, refusals } from '../openapi.ts';
import {
  blockBody,
  chatsShape,
  chatShapes,
  editBody,
  faultBody,
  messageBody,
  pressBody,
  reactBody,
  sentMessageShape,
  sentShape,
} from '../shapes/sandbox.ts';

const base = '/sandbox/telegram';
const inboxParam = z.object({ inboxId: z.uuid() });

/** Nothing at all where the sandbox is off. */
export function sandboxRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const app = createRouter();
  if (!deps.config.sandbox) return app;
  const telegram = createTelegramSandbox({
    deliver: (url, headers, body) => deliverToUs(deps.config, url, headers, body),
    acceptsWebhook: (url) => url.href.startsWith(`${deps.config.publicUrl}/`),
    recall: (token) => recallWebhook(deps, token),
  });
  app.all(`${base}/*`, async (c) => {
    try {
      return await telegram.handle(c.req.raw, c.req.path.slice(base.length));
    } catch (err) {
      // Logged here, for the general handler logs the path, and this one holds a token.
      deps.log.error({ err, requestId: c.get('requestId') }, 'the Telegram sandbox failed');
      const answer = { ok: false, error_code: 500, description: 'Internal Server Error' };
      return c.json(answer, 500);
    }
  });

  app.use('/sandbox/api/*', sameOrigin(deps.config), authenticate(deps));
  for (const add of [chats, sent, write, edit, press, react, block, faults, clearFaults])
    add(app, deps, telegram);
  return app;
}

type AddRoute = (app: OpenAPIHono<AppEnv>, deps: ApiDeps, telegram: TelegramSandbox) => void;

const path = (end: string): string => `/sandbox/api/telegram/{inboxId}/${end}`;
const common = {
  tags: ['sandbox'],
  middleware: requirePermission('inboxes:write'),
};

const chats: AddRoute = (app, deps, telegram) => {
  const route = createRoute({
    ...common,
    method: 'get',
    path: path('chats'),
    request: { params: inboxParam },
    responses: { 200: jsonAnswer(chatsShape, 'The bot’s chats, with what was said in them.'), ...refusals },
  });
  app.openapi(route, async (c) => {
    const control = await controlOf(deps, telegram, c.req.valid('param').inboxId, c.get('actor').workspaceId);
    return c.json({ items: chatShapes(control), nextCursor: null }, 200);
  });
};

const sent: AddRoute = (app, deps, telegram) => {
  const route = createRoute({
    ...common,
    method: 'get',
    path: path('sent'),
    request: { params: inboxParam },
    responses: { 200: jsonAnswer(sentShape, 'Every send the double accepted, oldest first.'), ...refusals },
  });
  app.openapi(route, async (c) => {
    const control = await controlOf(deps, telegram, c.req.valid('param').inboxId, c.get('actor').workspaceId);
    return c.json({ items: [...control.ledger()], nextCursor: null }, 200);
  });
};

const write: AddRoute = (app, deps, telegram) => {
  const route = createRoute({
    ...common,
    method: 'post',
    path: path('messages'),
    request: { params: inboxParam, body: jsonBody(messageBody) },
    responses: {
      201: jsonAnswer(sentMessageShape, 'Written; it is on its way to the webhook.'),
      ...refusals,
    },
  });
  app.openapi(route, async (c) => {
    const control = await controlOf(deps, telegram, c.req.valid('param').inboxId, c.get('actor').workspaceId);
    const { photo, document, ...rest } = c.req.valid('json');
    const message = control.write({
      ...rest,
      ...(photo ? { photo: { ...photo, bytes: Buffer.from(photo.base64, 'base64') } } : {}),
      ...(document ? { document: { ...document, bytes: Buffer.from(document.base64, 'base64') } } : {}),
    });
    return c.json({ chatId: String(message.chat.id), messageId: String(message.message_id) }, 201);
  });
};

/** A command that answers nothing but its being done. */
function command<Body>(
  end: string,
  body: z.ZodType<Body>,
  act: (control: BotControl, body: Body) => void,
): AddRoute {
  return (app, deps, telegram) => {
    app.post(`/sandbox/api/telegram/:inboxId/${end}`, requirePermission('inboxes:write'), async (c) => {
      const control = await controlOf(deps, telegram, c.req.param('inboxId'), c.get('actor').workspaceId);
      const json = jsonOf(new Uint8Array(await c.req.arrayBuffer()));
      if (json === undefined) throw new ApiError(400, 'malformed', 'The body is not JSON; nothing was done.');
      const input = body.parse(json);
      try {
        act(control, input);
      } catch (error) {
        throw new ApiError(409, 'not_there', error instanceof Error ? error.message : String(error));
      }
      return c.body(null, 204);
    });
  };
}

const edit = command('edits', editBody, (control, body) =>
  control.edit(body.chatId, body.messageId, body.text),
);
const press = command('presses', pressBody, (control, body) => {
  control.press(body.chatId, body.messageId, body.data);
});
const react = command('reactions', reactBody, (control, body) =>
  control.react(body.chatId, body.messageId, body.emoji),
);
const block = command('blocks', blockBody, (control, body) => control.setBlocked(body.chatId, body.blocked));
const faults = command('faults', faultBody, (control, body) => control.addFault(body));
const clearFaults = command('faults/clear', z.object({}), (control) => control.clearFaults());

/** The double's side of one of this workspace's sandbox inboxes. @throws ApiError 404 */
async function controlOf(
  deps: ApiDeps,
  telegram: TelegramSandbox,
  inboxId: string,
  workspaceId: string,
): Promise<BotControl> {
  const inbox = isUuid(inboxId) ? await deps.inboxes.byId(inboxId) : null;
  const token = inbox?.credentials['botToken'];
  const isOurs = inbox?.workspaceId === workspaceId && inbox.sandbox && inbox.deletedAt === null;
  if (!isOurs || typeof token !== 'string') throw notFound('sandbox inbox');
  return await telegram.control(token);
}

/** What Telegram would still know after a restart of ours: the webhook that `connect` registered for this bot. */
async function recallWebhook(deps: ApiDeps, token: string): Promise<Webhook | null> {
  const inbox = await deps.inboxes.byAccount('telegram', token.split(':')[0] ?? '');
  const { botToken, webhookSecret } = inbox?.credentials ?? {};
  if (!inbox?.sandbox || botToken !== token || typeof webhookSecret !== 'string') return null;
  const url = `${deps.config.publicUrl}/webhooks/telegram/${inbox.id}`;
  return { url, secret: webhookSecret, allowedUpdates: [...ALLOWED_UPDATES] };
}

/** Updates go to this installation only, over loopback: PUBLIC_URL may not be reachable from here. */
async function deliverToUs(
  config: Config,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<number> {
  if (!url.startsWith(`${config.publicUrl}/`)) return 0;
  const target = config.loopbackUrl + url.slice(config.publicUrl.length);
  const answer = await fetch(target, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  });
  await answer.body?.cancel();
  return answer.status;
}
