/** Ends what nobody ended: calls whose phone fell silent, tickets nobody dialled, calls whose end we missed while we were down. */
import { ChannelError, type InboundMessageEvent } from '#channels/contract.ts';
import { endAtTwilio } from '#channels/voice/control.ts';
import type { VoiceInbox } from '#channels/voice/inbox.ts';
import { reasonOf } from '#channels/voice/wire.ts';
import { lostCalls, openCalls } from '#db/calls.ts';
import { poolOf } from '#db/client.ts';
import { showPassed } from '#db/presence.ts';
import { CALL_HEARTBEAT_GAP_SECONDS } from '#domain/call.ts';
import type { CallPart } from '#domain/message.ts';
import type { ApiDeps } from '../deps.ts';
import { acceptCallEvents } from './events.ts';

/** Twilio is asked of calls that go on for longer than this. */
const ASK_AFTER_SECONDS = 120;
/** No call at Twilio lasts longer; one that it tells nothing of for so long would keep its agent busy for ever. */
const LONGEST_MS = 24 * 3_600_000;

export async function sweepCalls(
  deps: Pick<ApiDeps, 'engineDb' | 'engine' | 'feed' | 'inboxes' | 'http' | 'log'>,
  options: {
    gapSeconds?: number;
    askAfterSeconds?: number;
    /** How long phones could reach us: whoever was away hears of no silence. Absent: long enough. */
    upSeconds?: number;
  } = {},
): Promise<void> {
  const pool = poolOf(deps.engineDb);
  const gapSeconds = options.gapSeconds ?? CALL_HEARTBEAT_GAP_SECONDS;
  for (const lost of await lostCalls(pool, gapSeconds, options.upSeconds ?? null)) {
    const event = lost.direction === 'out' && !lost.answered ? 'failed' : 'ended';
    await endCall(deps, lost, { event, reason: lost.reason });
  }
  for (const open of await openCalls(pool, options.askAfterSeconds ?? ASK_AFTER_SECONDS)) {
    const inbox = await deps.inboxes.byId(open.inboxId);
    if (!inbox) continue;
    try {
      // Its type's own credentials, as in voiceInbox.
      const end = await endAtTwilio(
        deps.http,
        inbox as unknown as VoiceInbox,
        open.providerCallId,
        AbortSignal.timeout(10_000),
      );
      if (!end) continue;
      const reason = reasonOf(end.status);
      await endCall(deps, open, {
        event: open.direction === 'out' && reason !== undefined ? 'failed' : 'ended',
        ...(reason !== undefined && { reason }),
        ...(end.durationSeconds !== undefined && { durationSeconds: end.durationSeconds }),
      });
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      const isUnknown = error.providerCode === '20404' || error.providerCode === 'http 404';
      if (isUnknown || Date.now() - open.startedAt.getTime() > LONGEST_MS) {
        // Twilio keeps every call for long: one that it doesn't know is none.
        await endCall(deps, open, { event: 'ended', reason: 'connection_lost' });
        continue;
      }
      deps.log.debug(
        { inboxId: open.inboxId, reason: error.message },
        'Twilio told nothing of an open call.',
      );
    }
  }
  await showPassed(pool);
}

async function endCall(
  deps: Pick<ApiDeps, 'engineDb' | 'engine' | 'feed' | 'inboxes'>,
  call: { inboxId: string; threadKey: string; contactExternalId: string },
  part: Omit<CallPart, 'kind'>,
): Promise<void> {
  const inbox = await deps.inboxes.byId(call.inboxId);
  if (!inbox) return;
  const eventId = `${call.threadKey}:end`;
  const event: InboundMessageEvent = {
    kind: 'message',
    eventId,
    threadKey: call.threadKey,
    contact: { externalId: call.contactExternalId },
    parts: [{ kind: 'call', ...part }],
    providerMessageId: eventId,
    replyAddress: {},
  };
  await acceptCallEvents(deps, inbox, [event]);
}
