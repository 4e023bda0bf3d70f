/** The customers' phones and the doubles' switches, for admins: one API for every channel, `/sandbox/api/<inbox id>/…`. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ProviderSandbox, SandboxPhone } from '#channels/sandbox-contract.ts';
import { isUuid } from '#domain/ids.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { sameOrigin } from '../middleware/same-origin.ts';
import { jsonAnswer, jsonBody, noContent, refusals } from '../openapi.ts';
import {
  actBody,
  callAct,
  callActBody,
  chatShapes,
  deliveryBody,
  faultBody,
  messageBody,
  phoneAct,
  phoneInput,
  phoneShape,
  sandboxFault,
  sentShape,
  writtenShape,
} from '../shapes/sandbox.ts';

const request = { params: z.object({ inboxId: z.uuid() }) };
const path = (end: string): string => `/sandbox/api/{inboxId}/${end}`;
const common = { tags: ['sandbox'], middleware: requirePermission('inboxes:write'), request };

export function addSandboxControl(
  app: OpenAPIHono<AppEnv>,
  deps: ApiDeps,
  sandboxes: readonly ProviderSandbox[],
): void {
  const phoneOf = (c: Context<AppEnv>): Promise<SandboxPhone> =>
    openPhone(deps, sandboxes, c.req.param('inboxId') ?? '', c.get('actor').workspaceId);
  app.use('/sandbox/api/*', sameOrigin(deps.config), authenticate(deps));
  addReads(app, phoneOf);
  addWrites(app, phoneOf);
}

type PhoneOf = (c: Context<AppEnv>) => Promise<SandboxPhone>;

function addReads(app: OpenAPIHono<AppEnv>, phoneOf: PhoneOf): void {
  const shown = createRoute({
    ...common,
    method: 'get',
    path: path('phone'),
    responses: { 200: jsonAnswer(phoneShape, 'The chats as customers see them.'), ...refusals },
  });
  app.openapi(shown, async (c) => {
    const phone = await phoneOf(c);
    const { abilities } = phone;
    return c.json(
      { abilities: [...abilities], chats: chatShapes(phone.chats()), facts: { ...phone.facts() } },
      200,
    );
  });
  const sent = createRoute({
    ...common,
    method: 'get',
    path: path('sent'),
    responses: { 200: jsonAnswer(sentShape, 'Every send the double accepted, oldest first.'), ...refusals },
  });
  app.openapi(sent, async (c) => {
    const ledger = (await phoneOf(c)).ledger();
    return c.json({ items: [...ledger], nextCursor: null }, 200);
  });
}

function addWrites(app: OpenAPIHono<AppEnv>, phoneOf: PhoneOf): void {
  const messages = createRoute({
    ...common,
    method: 'post',
    path: path('messages'),
    responses: { 201: jsonAnswer(writtenShape, 'Written; it is on its way to the webhook.'), ...refusals },
    request: { ...request, body: jsonBody(messageBody) },
  });
  app.openapi(messages, async (c) => {
    const phone = await phoneOf(c);
    const input = phoneInput(c.req.valid('json'));
    return c.json(
      said(() => phone.write(input)),
      201,
    );
  });
  const command = <Body extends z.ZodType>(
    end: string,
    body: Body,
    run: (phone: SandboxPhone, input: z.infer<Body>) => void | Promise<void>,
  ): void => {
    const route = createRoute({
      ...common,
      method: 'post',
      path: path(end),
      responses: { 204: noContent, ...refusals },
      // Checked by `body` itself below: the router's types don't see through a generic schema.
      request: { ...request, body: jsonBody(z.record(z.string(), z.unknown())) },
    });
    app.openapi(route, async (c) => {
      const phone = await phoneOf(c);
      const input = body.parse(c.req.valid('json'));
      await said(() => run(phone, input));
      return c.body(null, 204);
    });
  };
  command('acts', z.union([actBody, callActBody]), (phone, body) => {
    const call = callActBody.safeParse(body);
    if (!call.success) return phone.act(phoneAct(actBody.parse(body)));
    if (!phone.inCall) throw new Error('Nobody makes calls on this phone; nothing was done.');
    return phone.inCall(callAct(call.data));
  });
  command('faults', faultBody, (phone, body) => phone.addFault(sandboxFault(body)));
  command('faults/clear', z.object({}), (phone) => phone.clearFaults());
  command('delivery', deliveryBody, (phone, body) =>
    phone.setDelivery(body as Parameters<SandboxPhone['setDelivery']>[0]),
  );
  command('release', z.object({}), (phone) => phone.release());
}

/** A double's own sentence about what isn't there becomes a 409. */
function said<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw new ApiError(409, 'not_there', error instanceof Error ? error.message : String(error));
  }
}

/** @throws ApiError 404 where it is no sandbox inbox of this workspace */
async function openPhone(
  deps: ApiDeps,
  sandboxes: readonly ProviderSandbox[],
  inboxId: string,
  workspaceId: string,
): Promise<SandboxPhone> {
  const inbox = isUuid(inboxId) ? await deps.inboxes.byId(inboxId) : null;
  const isOurs = inbox?.workspaceId === workspaceId && inbox.sandbox && inbox.deletedAt === null;
  const double = inbox && sandboxes.find(({ types }) => types.includes(inbox.type));
  if (!isOurs || !double) throw notFound('sandbox inbox');
  return await double.phone(inbox);
}
