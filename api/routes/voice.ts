/** The phone of an agent: sessions with the provider, placing calls, what phones report, and what the server does to a call. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
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
  transferBody,
  wrapUpBody,
} from '../shapes/voice.ts';

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

const later = (): never => {
  throw new ApiError(501, 'not_there_yet', 'This is not there yet; nothing was done.');
};

export function voiceRoutes(_deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(session, later)
    .openapi(list, later)
    .openapi(read, later)
    .openapi(place, later)
    .openapi(report, later)
    .openapi(hold, later)
    .openapi(transfer, later)
    .openapi(hangUp, later)
    .openapi(wrapUp, later)
    .openapi(sandbox, later);
}
