import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { type ChannelType, CHANNEL_TYPES } from '#domain/channel.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { mergedCredentials, withoutSecretFields } from '#channels/secret-fields.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { deleteInbox, findInbox, insertInbox, listInboxes, updateInbox } from '#db/inboxes.ts';
import { setMailbox } from '#db/mailboxes.ts';
import type { JsonObject } from '#domain/json.ts';
import { allows } from '#domain/roles.ts';
import { storable, storableObject } from '../body.ts';
import { encodeCursor, idCursor, pageOf } from '../cursor.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import {
  alreadyConnected,
  connectAtProvider,
  disconnectAtProvider,
  drainParked,
  draftInbox,
  readCredentials,
  readSettings,
  restoreHolder,
  type Connection,
} from '../inbox-connections.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, jsonBody, listOf, pageQuery, refusals } from '../openapi.ts';
import { inboxShape, toInbox } from '../shapes/inbox.ts';
import { subscribe, unsubscribe } from '../mail-subscriptions.ts';
import { routeUnrouted } from '../unrouted.ts';

const name = z.string().trim().min(1).max(100);
const createdShape = inboxShape.extend({ warnings: z.array(z.string()) }).openapi('CreatedInbox');
const revealedShape = z
  .object({ inbox: inboxShape, secret: z.string(), warnings: z.array(z.string()) })
  .openapi('CreatedInboxWithSecret');
const detailShape = inboxShape
  .extend({
    /** The entered connection details that are no secret; only for those who may change them. */
    connection: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('InboxDetail');

const list = createRoute({
  method: 'get',
  path: '/api/inboxes',
  middleware: [requirePermission('inboxes:read')] as const,
  request: { query: pageQuery },
  responses: { 200: jsonAnswer(listOf(inboxShape), 'Newest first.'), ...refusals },
});
const create = createRoute({
  method: 'post',
  path: '/api/inboxes',
  summary: 'Connect an inbox: the provider is asked at once',
  middleware: [requirePermission('inboxes:write')] as const,
  request: {
    body: jsonBody(
      z.object({
        type: z.enum(CHANNEL_TYPES),
        name,
        credentials: z.record(z.string(), z.unknown()).default({}),
        settings: z.record(z.string(), z.unknown()).default({}),
        sandbox: z.boolean().default(false),
      }),
    ),
  },
  responses: {
    201: jsonAnswer(
      z.union([revealedShape, createdShape]),
      'The inbox; an api inbox with its secret, this once.',
    ),
    ...refusals,
  },
});
const read = createRoute({
  method: 'get',
  path: '/api/inboxes/{id}',
  middleware: [requirePermission('inboxes:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(detailShape, 'The inbox.'), ...refusals },
});
const change = createRoute({
  method: 'patch',
  path: '/api/inboxes/{id}',
  summary: 'Rename, change settings, or reauthorize with new credentials (the provider is asked at once)',
  middleware: [requirePermission('inboxes:write')] as const,
  request: {
    params: idParam,
    body: jsonBody(
      z.object({
        name: name.optional(),
        settings: z.record(z.string(), z.unknown()).optional(),
        reopenWithinHours: z
          .int()
          .min(0)
          .max(24 * 365)
          .optional(),
        credentials: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  },
  responses: { 200: jsonAnswer(createdShape, 'The inbox as it is now.'), ...refusals },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/inboxes/{id}',
  summary: 'Disconnect; conversations and history stay',
  middleware: [requirePermission('inboxes:write')] as const,
  request: { params: idParam },
  responses: {
    200: jsonAnswer(
      z.object({ id: z.string(), disconnectedAtProvider: z.boolean(), warning: z.string().optional() }),
      'Gone here; whether the provider was told too.',
    ),
    ...refusals,
  },
});

export function inboxRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const rows = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listInboxes(tx, limit + 1, idCursor(cursor)),
      );
      return c.json(
        pageOf(rows, limit, toInbox, (row) => encodeCursor(row.id)),
        200,
      );
    })
    .openapi(create, async (c) => {
      const input = c.req.valid('json');
      return c.json(await connectInbox(deps, c.get('actor'), input), 201);
    })
    .openapi(read, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const row = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findInbox(tx, id));
      if (!row) throw notFound('inbox');
      const opened = allows(actor.role, 'inboxes:write') ? await deps.inboxes.byId(id) : null;
      return c.json({ ...toInbox(row), ...(opened && { connection: withoutSecrets(opened) }) }, 200);
    })
    .openapi(change, async (c) => {
      const { id } = c.req.valid('param');
      return c.json(await changeInbox(deps, c.get('actor'), id, c.req.valid('json')), 200);
    })
    .openapi(remove, async (c) => {
      const actor = c.get('actor');
      const inbox = await ownInbox(deps, actor, c.req.valid('param').id);
      // First ours: were the provider first and our commit lost, an inbox shown as connected would hear nothing.
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        if (!(await deleteInbox(tx, actor.workspaceId, inbox.id))) throw notFound('inbox');
        await audit(
          tx,
          actor,
          'inbox.deleted',
          { kind: 'inbox', id: inbox.id },
          { name: inbox.name, type: inbox.type },
        );
      });
      deps.inboxes.invalidate(inbox.id);
      const problem = await disconnectAtProvider(deps, inbox.type, inbox);
      await unsubscribe(deps, inbox);
      return c.json(
        {
          id: inbox.id,
          disconnectedAtProvider: problem === null,
          ...(problem !== null && {
            warning: `The provider was not told: ${problem} Remove the webhook there by hand.`,
          }),
        },
        200,
      );
    });
}

export interface CreateInput {
  type: ChannelType;
  name: string;
  credentials: Record<string, unknown>;
  settings: Record<string, unknown>;
  sandbox: boolean;
}

/** What `POST /api/inboxes` does, for whoever has the credentials by another way (a sign-in at the provider). @throws ApiError */
export async function connectInbox(deps: ApiDeps, actor: RequestActor, input: CreateInput) {
  if (input.sandbox && !deps.config.sandbox) {
    throw new ApiError(
      422,
      'sandbox_disabled',
      'This deployment has no sandboxes (TELORING_SANDBOX); nothing was connected.',
    );
  }
  const credentials = readCredentials(input.type, storableObject(input.credentials));
  const definition = definitions[input.type];
  if (input.sandbox && !definition.hasSandbox && !definition.sandboxFor?.(credentials))
    throw new ApiError(422, 'no_sandbox', `${definition.title} has no sandbox for this; connect it without.`);
  const draft = draftInbox(deps, {
    workspaceId: actor.workspaceId,
    type: input.type,
    name: storable(input.name),
    credentials,
    settings: readSettings(input.type, storableObject(input.settings)),
    sandbox: input.sandbox,
  });
  const { inbox, connected, sealedCredentials, warnings, release } = await connectAtProvider(
    deps,
    actor,
    input.type,
    draft,
  );
  const row = await store(deps, actor, { inbox, connected, sealedCredentials }).catch(
    async (error: unknown) => {
      await release();
      // Not stored: the provider must not go on sending to an inbox that isn't there.
      await disconnectAtProvider(deps, input.type, inbox);
      throw error;
    },
  );
  await release();
  if (!row) {
    await restoreHolder(deps, input.type, inbox.accountKey);
    throw await alreadyConnected(deps, actor, input.type, inbox.accountKey);
  }
  const all = [...warnings, ...(await afterConnecting(deps, inbox.id))];
  const secret = connected.reveal?.['secret'];
  return secret === undefined
    ? { ...toInbox(row), warnings: all }
    : { inbox: toInbox(row), secret, warnings: all };
}

/** Undefined where the account was connected meanwhile; then nothing was written. */
async function store(
  deps: ApiDeps,
  actor: RequestActor,
  { inbox, connected, sealedCredentials }: Pick<Connection, 'inbox' | 'connected' | 'sealedCredentials'>,
) {
  return inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
    const inserted = await insertInbox(tx, {
      id: inbox.id,
      workspaceId: actor.workspaceId,
      type: inbox.type,
      name: inbox.name,
      accountKey: inbox.accountKey,
      accountLabel: storable(connected.accountLabel),
      subscription: connected.subscription,
      sandbox: inbox.sandbox,
      settings: inbox.settings,
      sealedCredentials,
    });
    if (!inserted) return undefined;
    if (connected.mailbox) await setMailbox(tx, inbox, connected.mailbox);
    const details = { type: inbox.type, name: inbox.name, sandbox: inbox.sandbox };
    await audit(tx, actor, 'inbox.created', { kind: 'inbox', id: inbox.id }, details);
    return findInbox(tx, inbox.id);
  });
}

/**
 * What came before the account was connected, and who tells us of what comes. A failure is the sweeper's: the inbox is there.
 * @returns warnings
 */
async function afterConnecting(deps: ApiDeps, id: string): Promise<string[]> {
  try {
    const inbox = await deps.inboxes.byId(id);
    if (!inbox) return [];
    await routeUnrouted(deps, inbox);
    return await subscribe(deps, inbox);
  } catch (error) {
    deps.log.warn(
      { err: error, inboxId: id },
      'What follows connecting could not be done; the sweeper tries again.',
    );
    return [];
  }
}

export interface ChangeInput {
  name?: string;
  settings?: Record<string, unknown>;
  reopenWithinHours?: number;
  credentials?: Record<string, unknown>;
}

/** What `PATCH /api/inboxes/:id` does. @throws ApiError */
export async function changeInbox(deps: ApiDeps, actor: RequestActor, id: string, input: ChangeInput) {
  const inbox = await ownInbox(deps, actor, id);
  const settings =
    input.settings && readSettings(inbox.type, { ...inbox.settings, ...storableObject(input.settings) });
  const renewed = input.credentials && (await reauthorize(deps, actor, inbox, input.credentials));
  const updating = inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
    const updated = await updateInbox(tx, actor.workspaceId, id, {
      ...(input.name !== undefined && { name: storable(input.name) }),
      ...(settings !== undefined && { settings }),
      ...(input.reopenWithinHours !== undefined && { reopenWithinHours: input.reopenWithinHours }),
      ...(renewed && {
        sealedCredentials: renewed.sealedCredentials,
        accountLabel: storable(renewed.connected.accountLabel),
        subscription: renewed.connected.subscription ?? null,
        canSend: true,
        ...(!inbox.canSend && { outboundHealth: { state: 'unknown' } }),
        ...(inbox.state === 'needs_attention' && { state: 'active' }),
      }),
    });
    if (!updated) throw notFound('inbox');
    if (renewed) await setMailbox(tx, inbox, renewed.connected.mailbox ?? null);
    const changed: JsonObject = {
      ...(input.name !== undefined && { name: storable(input.name) }),
      ...(settings !== undefined && { settings }),
      ...(input.reopenWithinHours !== undefined && { reopenWithinHours: input.reopenWithinHours }),
      ...(renewed && { reauthorized: true }),
    };
    await audit(tx, actor, 'inbox.changed', { kind: 'inbox', id }, changed);
    return updated;
  });
  const row = await updating.catch(async (error: unknown) => {
    await renewed?.release();
    throw error;
  });
  await renewed?.release();
  deps.inboxes.invalidate(id);
  const warnings = renewed ? [...renewed.warnings, ...(await afterConnecting(deps, id))] : [];
  if (renewed && !inbox.canSend) await drainParked(deps, id);
  deps.feed.poke();
  return { ...toInbox(row), warnings };
}

/** New credentials over the stored ones, so that what we made ourselves (a webhook secret) stays. Only of the same account. */
async function reauthorize(
  deps: ApiDeps,
  actor: RequestActor,
  inbox: OwnInbox,
  given: Record<string, unknown>,
) {
  const credentials = readCredentials(
    inbox.type,
    mergedCredentials(inbox.credentials, storableObject(given)),
  );
  const known = deps.registry[inbox.type].accountKeyOf?.(credentials);
  if (known !== undefined && known !== inbox.accountKey) throw otherAccount();
  const renewed = await connectAtProvider(deps, actor, inbox.type, { ...inbox, credentials });
  if (renewed.inbox.accountKey !== inbox.accountKey) {
    await renewed.release();
    await disconnectAtProvider(deps, inbox.type, renewed.inbox);
    throw otherAccount();
  }
  return renewed;
}

const otherAccount = (): ApiError =>
  new ApiError(
    422,
    'other_account',
    'These credentials are of another account. Connect it as an inbox of its own.',
  );

type OwnInbox = CachedInbox & { type: ChannelType };

/** Credentials opened; only after the workspace's own view has shown the row. */
export async function ownInbox(deps: ApiDeps, actor: RequestActor, id: string): Promise<OwnInbox> {
  const row = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findInbox(tx, id));
  const inbox = row && (await deps.inboxes.byId(id));
  if (!inbox || !isChannelType(inbox.type)) throw notFound('inbox');
  return { ...inbox, type: inbox.type };
}

function withoutSecrets(inbox: CachedInbox): JsonObject {
  if (!isChannelType(inbox.type)) return {};
  return withoutSecretFields(inbox.credentials, definitions[inbox.type].secretFields);
}
