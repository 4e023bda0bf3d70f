/** What the server does to a call that goes on, where the provider lets it: hold, hand over, end. */
import { ChannelError, type InboundMessageEvent } from '#channels/contract.ts';
import type { CallPart } from '#domain/message.ts';
import { controlCall, type Control } from '#channels/voice/control.ts';
import { findCall, type CallRow } from '#db/calls.ts';
import { inWorkspace } from '#db/client.ts';
import { listPresences } from '#db/presence.ts';
import { uuidV7 } from '#domain/ids.ts';
import { allows, type Role } from '#domain/roles.ts';
import type { ApiDeps, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { acceptCallEvents } from './events.ts';
import { providerOf, voiceInbox, type OpenVoiceInbox } from './inbox.ts';

const timeoutMs = 10_000;

/** @throws ApiError 404, 409 where it is over, 422 where only the phone itself can do it */
export async function callToControl(
  deps: ApiDeps,
  actor: RequestActor,
  callId: string,
): Promise<{ call: CallRow; inbox: OpenVoiceInbox }> {
  const call = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findCall(tx, callId));
  if (!call) throw notFound('call');
  const inbox = await voiceInbox(deps, actor.workspaceId, call.inbox_id);
  if (call.state === 'ended') throw new ApiError(409, 'call_over', 'The call is over; nothing was done.');
  if (providerOf(inbox) === 'sip')
    throw new ApiError(
      422,
      'by_phone',
      'Your exchange leaves this to the phone itself; report what it did as an event. Nothing was done.',
    );
  return { call, inbox };
}

/** Only who is on the phone, or an admin, moves a call. */
export function mayControl(actor: RequestActor, call: CallRow): void {
  if (call.agent_id === null || call.agent_id === actor.userId || actor.role === 'admin') return;
  throw new ApiError(
    403,
    'not_yours',
    `${call.agent_name ?? 'A colleague'} is on the phone; nothing was done.`,
  );
}

export async function perform(
  deps: ApiDeps,
  actor: RequestActor,
  { call, inbox }: { call: CallRow; inbox: OpenVoiceInbox },
  control: Control,
  event: Pick<CallPart, 'event' | 'to' | 'reason'> | null,
): Promise<void> {
  await controlCall(
    deps.http,
    inbox,
    { ...call, contactExternalId: call.contact_external_id },
    control,
    AbortSignal.timeout(timeoutMs),
  ).catch((error: unknown) => {
    if (!(error instanceof ChannelError)) throw error;
    if (error.providerCode === 'ended')
      throw new ApiError(409, 'call_over', 'The call is over; nothing was done.');
    throw new ApiError(422, 'refused_by_provider', error.message, { kind: error.kind });
  });
  if (event !== null) await acceptCallEvents(deps, inbox, [eventOf(actor, call, event)]);
}

function eventOf(
  actor: RequestActor,
  call: CallRow,
  event: Pick<CallPart, 'event' | 'to' | 'reason'>,
): InboundMessageEvent {
  const eventId = `${call.thread_key}:${event.event}:${uuidV7()}`;
  return {
    kind: 'message',
    eventId,
    threadKey: call.thread_key,
    contact: {
      externalId: call.contact_external_id ?? (call.direction === 'in' ? call.from_number : call.to_number),
    },
    parts: [
      {
        kind: 'call',
        ...event,
        by: { ...(actor.userId !== null && { id: actor.userId }), name: actor.name },
      },
    ],
    providerMessageId: eventId,
    replyAddress: call.customer_leg === null ? {} : { callSid: call.customer_leg },
  };
}

/** A colleague a call may be handed to. @throws ApiError 422 */
export async function colleague(
  deps: ApiDeps,
  actor: RequestActor,
  userId: string,
): Promise<{ userId: string; name: string }> {
  const rows = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => listPresences(tx, actor.workspaceId));
  const found = rows.find((row) => row.userId === userId);
  if (!found || !allows(found.role as Role, 'conversations:write'))
    throw new ApiError(
      422,
      'unknown_agent',
      'There is no such colleague who could answer; nothing was done.',
    );
  if (found.status === 'offline')
    throw new ApiError(422, 'agent_offline', `${found.name} is offline; nothing was done.`);
  // A phone whose owner is away, talks or writes down the last call declines: the caller would be lost to the voicemail.
  if (found.status !== 'online')
    throw new ApiError(422, 'agent_busy', `${found.name} is ${found.status}; nothing was done.`);
  return found;
}
