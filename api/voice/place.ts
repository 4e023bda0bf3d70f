/** A ticket for one call of ours: checked against everything that keeps a stolen session from running up a bill. */
import { destinationOf } from '#channels/voice/destinations.ts';
import { settingsOf } from '#channels/voice/inbox.ts';
import { audit } from '#db/audit.ts';
import { callsLately, giveTicket, hasCalled } from '#db/calls.ts';
import { inWorkspace, type Tx } from '#db/client.ts';
import type { ApiDeps, RequestActor } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { acceptCallEvents } from './events.ts';
import { ownNumber, providerOf, type OpenVoiceInbox } from './inbox.ts';

/** Seconds in which a ticket must be used. */
const TICKET_SECONDS = 60;

export interface Placing {
  to: string;
  clientCallId: string;
}

export async function placeCall(
  deps: ApiDeps,
  actor: RequestActor & { userId: string },
  inbox: OpenVoiceInbox,
  asked: Placing,
): Promise<{ callId: string; conversationId: string; to: string; from: string; created: boolean }> {
  const from = ownNumber(inbox);
  const ticket = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
    const to = await checkedNumber(tx, inbox, asked.to, from);
    const lately = await callsLately(tx, actor.userId);
    const given = await giveTicket(tx, {
      workspaceId: actor.workspaceId,
      inboxId: inbox.id,
      userId: actor.userId,
      clientCallId: asked.clientCallId,
      from,
      to,
      goodFor: TICKET_SECONDS,
      providerReports: providerOf(inbox) === 'twilio',
    });
    if (given.created) {
      // Undone with the transaction; a ticket that was given before is given again.
      checkPace(inbox, lately);
      await audit(tx, actor, 'call.placed', { kind: 'call', id: given.id }, { inboxId: inbox.id, to });
    }
    return given;
  });
  // Repeatable: the event is known by the call's id.
  const conversationId = await acceptCallEvents(deps, inbox, [
    {
      kind: 'message',
      eventId: `${ticket.id}:dialling`,
      threadKey: ticket.id,
      contact: { externalId: ticket.to, ...(ticket.to.startsWith('+') && { phone: ticket.to }) },
      parts: [
        {
          kind: 'call',
          event: 'dialling',
          direction: 'out',
          from,
          to: ticket.to,
          by: { id: actor.userId, name: actor.name },
        },
      ],
      providerMessageId: `${ticket.id}:dialling`,
      replyAddress: {},
    },
  ]);
  if (conversationId === null) throw new Error(`Call ${ticket.id} was just stored and has no conversation.`);
  return { callId: ticket.id, conversationId, to: ticket.to, from, created: ticket.created };
}

/** @throws ApiError 422 where the inbox doesn't call there */
export async function checkedNumber(
  tx: Tx,
  inbox: OpenVoiceInbox,
  asked: string,
  from: string,
): Promise<string> {
  const settings = settingsOf(inbox);
  const first = destinationOf(asked, from, settings, false);
  const decided =
    first.kind === 'refused' && first.code === 'country' && settings.callersBack
      ? await again(tx, inbox, asked, from)
      : first;
  if (decided.kind === 'refused') throw new ApiError(422, decided.code, decided.message);
  return decided.number;
}

async function again(
  tx: Tx,
  inbox: OpenVoiceInbox,
  asked: string,
  from: string,
): Promise<ReturnType<typeof destinationOf>> {
  const settings = settingsOf(inbox);
  const wanted = destinationOf(asked, from, settings, true);
  if (wanted.kind === 'refused') return wanted;
  return destinationOf(asked, from, settings, await hasCalled(tx, inbox.id, wanted.number));
}

/** @throws ApiError 429 */
export function checkPace(inbox: OpenVoiceInbox, lately: number): void {
  const { callsPerHour } = settingsOf(inbox);
  if (lately >= callsPerHour)
    throw new ApiError(
      429,
      'too_many_calls',
      `You have placed ${callsPerHour} calls within an hour, as many as this inbox allows. Wait a little; nothing was dialled.`,
    );
}
