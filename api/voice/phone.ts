/** What an agent's own phone reports of a call that no provider tells us of (SIP). */
import type { InboundMessageEvent } from '#channels/contract.ts';
import type { CallPart } from '#domain/message.ts';
import { callSeen, createIncoming, findCall, type CallRow } from '#db/calls.ts';
import { inWorkspace } from '#db/client.ts';
import type { ApiDeps, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import type { PhoneEventBody } from '../shapes/voice.ts';
import { acceptCallEvents } from './events.ts';
import { ownNumber, providerOf, voiceInbox } from './inbox.ts';

/** Stores what the phone saw; repeating an event changes nothing. */
export async function reportEvent(
  deps: ApiDeps,
  actor: RequestActor & { userId: string },
  callId: string,
  body: PhoneEventBody,
): Promise<void> {
  const find = (): Promise<CallRow | null> =>
    inWorkspace(deps.appDb, actor.workspaceId, (tx) => findCall(tx, callId));
  let call = await find();
  if (!call) {
    await makeIncoming(deps, actor, callId, body);
    // An id that is somebody else's made nothing.
    call = await find();
    if (!call) throw notFound('call');
  }
  const inbox = await voiceInbox(deps, actor.workspaceId, call.inbox_id);
  if (providerOf(inbox) !== 'sip')
    throw new ApiError(
      422,
      'not_supported',
      'The provider itself tells of this inbox’s calls; nothing was stored.',
    );
  if (call.direction === 'out' && call.agent_id !== actor.userId)
    throw new ApiError(403, 'not_yours', 'This call is a colleague’s; nothing was stored.');
  await inWorkspace(deps.appDb, actor.workspaceId, (tx) => callSeen(tx, callId));
  // Known from the first phone that rings, and repeated until it is stored.
  if (call.direction === 'in' && call.conversation_id === null)
    await acceptCallEvents(deps, inbox, [incomingEvent(call, body.name)]);
  if (body.event === 'heartbeat' || isAside(actor, call, body)) return;
  await acceptCallEvents(deps, inbox, [eventOf(actor, call, body)]);
}

/** A phone that only rang says nothing of the call itself: a colleague has it, or may still take it. */
function isAside(actor: { userId: string }, call: CallRow, { event }: PhoneEventBody): boolean {
  if (call.direction === 'out' || call.agent_id === actor.userId) return false;
  return event === 'failed' || (event === 'ended' && call.agent_id !== null);
}

async function makeIncoming(
  deps: ApiDeps,
  actor: RequestActor,
  callId: string,
  body: PhoneEventBody,
): Promise<void> {
  if (body.inboxId === undefined || body.from === undefined) throw notFound('call');
  const inbox = await voiceInbox(deps, actor.workspaceId, body.inboxId);
  if (providerOf(inbox) !== 'sip')
    throw new ApiError(
      422,
      'not_supported',
      'The provider itself tells of this inbox’s calls; nothing was stored.',
    );
  await createIncoming(deps.engineDb, {
    id: callId,
    workspaceId: actor.workspaceId,
    inboxId: inbox.id,
    from: body.from,
    to: ownNumber(inbox),
    providerCallId: body.providerCallId ?? null,
  });
}

function incomingEvent(call: CallRow, name: string | undefined): InboundMessageEvent {
  const eventId = `${call.thread_key}:incoming`;
  return {
    kind: 'message',
    eventId,
    threadKey: call.thread_key,
    contact: contactOf(call.from_number, name),
    parts: [{ kind: 'call', event: 'incoming', direction: 'in', from: call.from_number, to: call.to_number }],
    providerMessageId: eventId,
    replyAddress: {},
  };
}

function contactOf(from: string, name: string | undefined): InboundMessageEvent['contact'] {
  const user = /^sips?:([^@;>]+)@/i.exec(from)?.[1] ?? from;
  const externalId = /^\+?\d{5,15}$/.test(user) ? user : from;
  return {
    externalId,
    ...(user.startsWith('+') && { phone: user }),
    ...(name !== undefined && name !== '' && { name }),
  };
}

function eventOf(
  actor: RequestActor & { userId: string },
  call: CallRow,
  body: PhoneEventBody,
): InboundMessageEvent {
  const by = { id: actor.userId, name: actor.name };
  // By the browser's clock, which may be anything: nothing is told before it happened, nor of long ago.
  const nowMs = Date.now();
  const at =
    body.at === undefined ? undefined : Math.min(nowMs, Math.max(Date.parse(body.at), nowMs - MOST_AGO_MS));
  const eventId = idOf(call, actor, body);
  const externalId =
    call.contact_external_id ??
    (call.direction === 'in' ? contactOf(call.from_number, undefined).externalId : call.to_number);
  return {
    kind: 'message',
    eventId,
    threadKey: call.thread_key,
    contact: { externalId },
    parts: [partOf(call, body, by)],
    providerMessageId: eventId,
    replyAddress: {},
    ...(at !== undefined && { sentAtMs: at }),
  };
}

/** A phone may have been away from us for a weekend. */
const MOST_AGO_MS = 7 * 86_400_000;

/** Every way a call ends has one id, whoever saw it first. */
function idOf(call: CallRow, actor: { userId: string }, { event, eventId }: PhoneEventBody): string {
  if (event === 'ended' || event === 'failed') return `${call.thread_key}:end`;
  return `${call.thread_key}:${actor.userId}:${eventId}`;
}

const reasons: Readonly<Record<number, string>> = {
  486: 'busy',
  600: 'busy',
  603: 'busy',
  480: 'no_answer',
  408: 'no_answer',
  487: 'cancelled',
};

function partOf(call: CallRow, body: PhoneEventBody, by: { id: string; name: string }): CallPart {
  const code = body.sipCode === undefined ? {} : { code: String(body.sipCode) };
  const reason = body.sipCode === undefined ? undefined : reasons[body.sipCode];
  switch (body.event) {
    case 'answered':
      // Of a call of ours the other side answers.
      return { kind: 'call', event: 'answered', ...(call.direction === 'in' && { by }) };
    case 'ended':
    case 'failed':
      return {
        kind: 'call',
        event: call.direction === 'in' ? 'ended' : body.event,
        ...code,
        ...(reason !== undefined && { reason }),
      };
    case 'transferred':
      return { kind: 'call', event: 'transferred', by, ...(body.to !== undefined && { to: body.to }) };
    case 'ringing':
    case 'held':
    case 'resumed':
    case 'heartbeat':
      return { kind: 'call', event: body.event, by };
  }
}
