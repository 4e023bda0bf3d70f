/** Is an inbox well? What is stored, what the provider says now, and whether a real message made the whole way. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { ChannelError, type ProbeResult } from '#channels/contract.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { inboxCounts, inboxTraffic, type InboxTraffic } from '#db/inbox-evidence.ts';
import { findInbox, recordProbe, updateInbox } from '#db/inboxes.ts';
import { toText } from '#domain/flow/path.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import { storableObject } from '../body.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { drainParked, reasonOf, webhookUrl } from '../inbox-connections.ts';
import { notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';
import { asObject, inboxShape, toInbox } from '../shapes/inbox.ts';
import { ownInbox } from './inboxes.ts';

const probeTimeoutMs = 15_000;

const inboundEvidence = z
  .object({ messageId: z.string(), conversationId: z.string(), at: z.string() })
  .nullable();
const replyEvidence = z
  .object({
    messageId: z.string(),
    conversationId: z.string(),
    providerMessageId: z.string(),
    at: z.string(),
  })
  .nullable();

const diagnosticsShape = z
  .object({
    inbox: inboxShape,
    webhookUrl: z.string(),
    lastInbound: inboundEvidence,
    lastReply: replyEvidence,
    counts: z.object({
      inbound24h: z.number(),
      inboundPending: z.number(),
      outboundWaiting: z.number(),
      sent24h: z.number(),
      failed24h: z.number(),
      unknown24h: z.number(),
    }),
    /** What the last probe found, in the provider's words; null before the first one. */
    probe: z.object({ at: z.string(), facts: z.record(z.string(), z.unknown()) }).nullable(),
    /** What the provider said of the account by itself, the last of each kind, newest first. */
    account: z.array(
      z.object({ change: z.string(), at: z.string(), facts: z.record(z.string(), z.unknown()) }),
    ),
  })
  .openapi('InboxDiagnostics');

const testShape = z
  .object({
    /** A real message came in and an answer to it was acknowledged by the provider. */
    passed: z.boolean(),
    inbound: inboundEvidence,
    reply: replyEvidence,
    /** What to do next, for people. */
    next: z.string(),
    inbox: inboxShape,
  })
  .openapi('InboxTest');

const diagnostics = createRoute({
  method: 'get',
  path: '/api/inboxes/{id}/diagnostics',
  middleware: [requirePermission('inboxes:read')] as const,
  request: { params: idParam },
  responses: {
    200: jsonAnswer(diagnosticsShape, 'What is known now; the provider is not asked.'),
    ...refusals,
  },
});
const probe = createRoute({
  method: 'post',
  path: '/api/inboxes/{id}/probe',
  summary: 'Ask the provider now',
  middleware: [requirePermission('inboxes:write')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(diagnosticsShape, 'The same as diagnostics, renewed.'), ...refusals },
});
const test = createRoute({
  method: 'post',
  path: '/api/inboxes/{id}/test',
  summary: 'Has a real message made the way in and an answer the way out?',
  middleware: [requirePermission('inboxes:write')] as const,
  request: { params: idParam },
  responses: {
    200: jsonAnswer(testShape, 'The evidence; with all of it the inbox becomes active.'),
    ...refusals,
  },
});

export function inboxCheckRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(diagnostics, async (c) => {
      return c.json(await diagnose(deps, c.get('actor').workspaceId, c.req.valid('param').id), 200);
    })
    .openapi(probe, async (c) => {
      const actor = c.get('actor');
      const inbox = await ownInbox(deps, actor, c.req.valid('param').id);
      const found = await deps.registry[inbox.type]
        .probe(inbox, webhookUrl(deps, inbox), AbortSignal.timeout(probeTimeoutMs))
        .catch((error: unknown) => failedProbe(error));
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        if (
          !(await recordProbe(tx, actor.workspaceId, inbox.id, {
            ...found,
            facts: storableObject(found.facts),
          }))
        )
          throw notFound('inbox');
      });
      deps.inboxes.invalidate(inbox.id);
      if (!inbox.canSend && found.outbound.state === 'ok') await drainParked(deps, inbox.id);
      deps.feed.poke();
      return c.json(await diagnose(deps, actor.workspaceId, inbox.id), 200);
    })
    .openapi(test, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const { row, traffic, passed } = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const before = await findInbox(tx, id);
        if (!before) throw notFound('inbox');
        const traffic = await inboxTraffic(tx, id);
        const passed = traffic.lastReply !== null;
        if (!passed || before.state !== 'onboarding') return { row: before, traffic, passed };
        const active = await updateInbox(tx, actor.workspaceId, id, { state: 'active' });
        await audit(
          tx,
          actor,
          'inbox.activated',
          { kind: 'inbox', id },
          { messageId: traffic.lastReply?.messageId ?? null },
        );
        return { row: active ?? before, traffic, passed };
      });
      const { inbound, reply } = evidence(traffic);
      return c.json({ passed, inbound, reply, next: nextStep(traffic), inbox: toInbox(row) }, 200);
    });
}

async function diagnose(deps: ApiDeps, workspaceId: string, id: string) {
  return inWorkspace(deps.appDb, workspaceId, async (tx) => {
    const row = await findInbox(tx, id);
    if (!row) throw notFound('inbox');
    const { inbound, reply } = evidence(await inboxTraffic(tx, id));
    return {
      inbox: toInbox(row),
      webhookUrl: webhookUrl(deps, row),
      lastInbound: inbound,
      lastReply: reply,
      counts: await inboxCounts(tx, id),
      account: accountFacts(row.account_facts),
      probe: row.probed_at && { at: row.probed_at.toISOString(), facts: asObject(row.probe_facts) },
    };
  });
}

function accountFacts(stored: Json): { change: string; at: string; facts: JsonObject }[] {
  return Object.entries(asObject(stored))
    .map(([change, told]) => ({
      change,
      at: toText(asObject(told)['at']),
      facts: asObject(asObject(told)['facts'] ?? {}),
    }))
    .toSorted((one, other) => other.at.localeCompare(one.at));
}

function evidence({ lastInbound, lastReply }: InboxTraffic) {
  return {
    inbound: lastInbound && { ...lastInbound, at: lastInbound.at.toISOString() },
    reply: lastReply && { ...lastReply, at: lastReply.at.toISOString() },
  };
}

function nextStep({ lastInbound, lastReply }: InboxTraffic): string {
  if (!lastInbound)
    return 'Write a message to this inbox from the channel, as a customer would, and test again.';
  if (!lastReply)
    return 'The message is here. Answer it in Conversations (or let a flow answer), and test again.';
  return 'A message came in and the provider acknowledged an answer. Nothing is left to do.';
}

/** The probe itself couldn't be done: that says something about sending, and nothing about receiving. */
function failedProbe(error: unknown): ProbeResult {
  const lasting =
    error instanceof ChannelError && (error.kind === 'reauthorize' || error.kind === 'permanent');
  return {
    inbound: { state: 'unknown' },
    outbound: { state: lasting ? 'failing' : 'degraded', reason: reasonOf(error) },
    facts: {},
  };
}
