/** The phone of an agent: sessions with the provider, placing calls, what phones report, and what the server does to a call. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { callsLately, countForward, findCall, listCalls, type CallRow } from '#db/calls.ts';
import { inWorkspace } from '#db/client.ts';
import { findConversation } from '#db/conversations.ts';
import { seen, showPresences } from '#db/presence.ts';
import { storableJson } from '#domain/text.ts';
import { storable } from '../body.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, jsonAnswer, jsonBody, pageQuery, refusals } from '../openapi.ts';
import {
  callShape,
  holdBody,
  phoneEventBody,
  placeCallBody,
  placedShape,
  sandboxBody,
  sessionShape,
  toCall,
  transferBody,
  wrapUpBody,
  type CallWire,
} from '../shapes/voice.ts';
import { callToControl, colleague, mayControl, perform } from '../voice/control.ts';
import { ownNumber, voiceInbox } from '../voice/inbox.ts';
import { reportEvent } from '../voice/phone.ts';
import { checkedNumber, checkPace, placeCall } from '../voice/place.ts';
import { actInSandbox } from '../voice/sandbox.ts';
import { sessionFor } from '../voice/session.ts';
import { finishCall } from '../voice/wrap-up.ts';

const speak = requirePermission('conversations:write');
const inboxParam = z.object({ inboxId: z.uuid() });
const callParam = z.object({ callId: z.uuid() });

const session = createRoute({
  method: 'post',
  path: '/api/voice/{inboxId}/session',
  summary: 'What your phone needs to register with the inbox’s provider, for an hour at most',
  middleware: [speak] as const,
  request: { params: inboxParam },
  responses: { 200: jsonAnswer(sessionShape, 'Good until `expiresAt`.'), ...refusals },
});
const place = createRoute({
  method: 'post',
  path: '/api/voice/{inboxId}/calls',
  summary:
    'A ticket for one call, if the inbox may call there. Repeating a clientCallId gives the same ticket',
  middleware: [speak] as const,
  request: { params: inboxParam, body: jsonBody(placeCallBody) },
  responses: {
    200: jsonAnswer(placedShape, 'Given before.'),
    201: jsonAnswer(placedShape, 'The phone dials now.'),
    ...refusals,
  },
});
const report = createRoute({
  method: 'post',
  path: '/api/voice/calls/{callId}/events',
  summary:
    'What your phone saw of a call. Repeating an eventId changes nothing; `heartbeat` every 15 s while it lasts',
  middleware: [speak] as const,
  request: { params: callParam, body: jsonBody(phoneEventBody) },
  responses: { 200: jsonAnswer(callShape, 'Stored.'), ...refusals },
});
const hold = createRoute({
  method: 'post',
  path: '/api/voice/calls/{callId}/hold',
  summary: 'Hold the other side, or come back to it',
  middleware: [speak] as const,
  request: { params: callParam, body: jsonBody(holdBody) },
  responses: { 200: jsonAnswer(callShape, 'Done.'), ...refusals },
});
const transfer = createRoute({
  method: 'post',
  path: '/api/voice/calls/{callId}/transfer',
  summary: 'Hand the other side to a colleague or another number, and leave',
  middleware: [speak] as const,
  request: { params: callParam, body: jsonBody(transferBody) },
  responses: { 200: jsonAnswer(callShape, 'Done.'), ...refusals },
});
const hangUp = createRoute({
  method: 'post',
  path: '/api/voice/calls/{callId}/hang-up',
  summary: 'End the call for everybody',
  middleware: [speak] as const,
  request: { params: callParam },
  responses: { 200: jsonAnswer(callShape, 'Done; its end comes as an event.'), ...refusals },
});
const wrapUp = createRoute({
  method: 'post',
  path: '/api/voice/calls/{callId}/wrap-up',
  summary: 'Take time after your call, end it, or leave a note for colleagues',
  middleware: [speak] as const,
  request: { params: callParam, body: jsonBody(wrapUpBody) },
  responses: { 200: jsonAnswer(callShape, 'Done.'), ...refusals },
});
const list = createRoute({
  method: 'get',
  path: '/api/voice/calls',
  summary: 'Calls, newest first; with ?active=1 those that ring or go on, and yours in wrap-up',
  middleware: [requirePermission('conversations:read')] as const,
  request: { query: pageQuery.pick({ limit: true }).extend({ active: z.literal('1').optional() }) },
  responses: { 200: jsonAnswer(z.object({ items: z.array(callShape) }), 'Calls.'), ...refusals },
});
const read = createRoute({
  method: 'get',
  path: '/api/voice/calls/{callId}',
  summary: 'One call',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: callParam },
  responses: { 200: jsonAnswer(callShape, 'The call.'), ...refusals },
});
const sandbox = createRoute({
  method: 'post',
  path: '/api/voice/calls/{callId}/sandbox',
  summary: 'Sandbox inboxes: answer or hang up the agent’s side of a made-up call',
  middleware: [speak] as const,
  request: { params: callParam, body: jsonBody(sandboxBody) },
  responses: { 200: jsonAnswer(callShape, 'Done.'), ...refusals },
});

export function voiceRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const shown = async (actor: RequestActor, callId: string): Promise<CallWire> => {
    const call = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findCall(tx, callId));
    const inbox = call && (await deps.inboxes.byId(call.inbox_id));
    if (!call || !inbox) throw notFound('call');
    return toCall(call, inbox);
  };
  return createRouter()
    .openapi(session, async (c) => {
      const actor = person(c.get('actor'));
      const inbox = await voiceInbox(deps, actor.workspaceId, c.req.valid('param').inboxId);
      const made = sessionFor(inbox, actor);
      await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
        audit(tx, actor, 'phone.opened', { kind: 'inbox', id: inbox.id }, { provider: made.provider }),
      );
      await seen(deps.engineDb, actor.workspaceId, actor.userId);
      c.header('Cache-Control', 'no-store');
      return c.json(made, 200);
    })
    .openapi(list, async (c) => {
      const actor = c.get('actor');
      const { limit, active } = c.req.valid('query');
      const rows = await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
        listCalls(tx, { active: active === '1', userId: actor.userId }, limit),
      );
      const items: CallWire[] = [];
      for (const row of rows) {
        const inbox = await deps.inboxes.byId(row.inbox_id);
        if (inbox) items.push(toCall(row, inbox));
      }
      return c.json({ items }, 200);
    })
    .openapi(read, async (c) => c.json(await shown(c.get('actor'), c.req.valid('param').callId), 200))
    .openapi(place, async (c) => {
      const actor = person(c.get('actor'));
      const inbox = await voiceInbox(deps, actor.workspaceId, c.req.valid('param').inboxId);
      const { to, clientCallId, conversationId } = c.req.valid('json');
      if (conversationId !== undefined) {
        const known = await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
          findConversation(tx, conversationId, null),
        );
        if (!known) throw notFound('conversation');
      }
      const placed = await placeCall(deps, actor, inbox, {
        to: storable(to),
        clientCallId: storable(clientCallId),
      });
      await showPresences(deps.engineDb, actor.workspaceId);
      const answer = {
        callId: placed.callId,
        conversationId: placed.conversationId,
        dial: { to: placed.to, from: placed.from, params: { callId: placed.callId } },
      };
      return placed.created ? c.json(answer, 201) : c.json(answer, 200);
    })
    .openapi(report, async (c) => {
      const actor = person(c.get('actor'));
      const { callId } = c.req.valid('param');
      await reportEvent(deps, actor, callId, storableJson(c.req.valid('json')));
      await showPresences(deps.engineDb, actor.workspaceId);
      return c.json(await shown(actor, callId), 200);
    })
    .openapi(hold, async (c) => {
      const actor = person(c.get('actor'));
      const { callId } = c.req.valid('param');
      const { held } = c.req.valid('json');
      const found = await callToControl(deps, actor, callId);
      mayControl(actor, found.call);
      answered(found.call);
      if (held && !found.call.held) await perform(deps, actor, found, { do: 'hold' }, { event: 'held' });
      if (!held && found.call.held)
        await perform(
          deps,
          actor,
          found,
          { do: 'ring', userId: actor.userId, why: 'resume' },
          { event: 'resumed' },
        );
      return c.json(await shown(actor, callId), 200);
    })
    .openapi(transfer, async (c) => {
      const actor = person(c.get('actor'));
      const { callId } = c.req.valid('param');
      const { agentId, to } = c.req.valid('json');
      const found = await callToControl(deps, actor, callId);
      mayControl(actor, found.call);
      answered(found.call);
      if (agentId === undefined) await forward(deps, actor, found, to ?? '');
      else {
        const { name } = await colleague(deps, actor, agentId);
        await perform(
          deps,
          actor,
          found,
          { do: 'ring', userId: agentId, why: 'transfer' },
          { event: 'transferred', to: name },
        );
      }
      return c.json(await shown(actor, callId), 200);
    })
    .openapi(hangUp, async (c) => {
      const actor = person(c.get('actor'));
      const { callId } = c.req.valid('param');
      const found = await callToControl(deps, actor, callId);
      mayControl(actor, found.call);
      await perform(deps, actor, found, { do: 'hang_up' }, null);
      return c.json(await shown(actor, callId), 200);
    })
    .openapi(wrapUp, async (c) => {
      const actor = person(c.get('actor'));
      const { callId } = c.req.valid('param');
      await finishCall(deps, actor, callId, c.req.valid('json'));
      await showPresences(deps.engineDb, actor.workspaceId);
      return c.json(await shown(actor, callId), 200);
    })
    .openapi(sandbox, async (c) => {
      const actor = person(c.get('actor'));
      const { callId } = c.req.valid('param');
      await actInSandbox(deps, actor, callId, c.req.valid('json').do);
      return c.json(await shown(actor, callId), 200);
    });
}

/** A phone is somebody's. @throws ApiError */
function person(actor: RequestActor): RequestActor & { userId: string } {
  const { userId } = actor;
  if (userId === null)
    throw new ApiError(422, 'no_person', 'An API key has no phone: sign in as a member. Nothing was done.');
  return { ...actor, userId };
}

/** What still rings is nobody's to hold or hand on. @throws ApiError 409 */
function answered(call: CallRow): void {
  if (call.answered_at === null)
    throw new ApiError(409, 'not_answered', 'Nobody talks in this call yet; nothing was done.');
}

/** Calls out again, so that what holds for calls holds for this. */
async function forward(
  deps: ApiDeps,
  actor: RequestActor & { userId: string },
  found: Awaited<ReturnType<typeof callToControl>>,
  to: string,
): Promise<void> {
  const number = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
    const checked = await checkedNumber(tx, found.inbox, storable(to), ownNumber(found.inbox));
    checkPace(found.inbox, await callsLately(tx, found.call.agent_id ?? actor.userId));
    await countForward(tx, found.call.id);
    return checked;
  });
  await perform(deps, actor, found, { do: 'forward', number }, { event: 'transferred', to: number });
  await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
    audit(tx, actor, 'call.forwarded', { kind: 'call', id: found.call.id }, { to: number }),
  );
}
