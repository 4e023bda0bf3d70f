/** What a flow asks of a call, and texts, which are spoken: TwiML put into the call by Twilio's API. */
import type { CallInstruction } from '#domain/call.ts';
import { plainText, type CallPart } from '#domain/message.ts';
import { ChannelError, type OutboundMessage, type SendOptions, type Sent } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable } from '../sms/call.ts';
import type { VoiceDesk } from './desk.ts';
import { settingsOf, twilioOf, type VoiceInbox } from './inbox.ts';
import { askWhomToRing, hold, instructed, MOST_PUT, ringing, spoken, type SayTo } from './say.ts';
import { twiml } from './twiml.ts';
import * as wire from './wire.ts';

/** @throws ChannelError; `contact_unreachable`: the call is over */
export async function sendVoice(
  deps: { http: HttpClient; desk?: VoiceDesk },
  inbox: VoiceInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const { desk, http } = deps;
  const { threadKey, replyAddress } = message;
  const twilio = twilioOf(inbox);
  const callSid = replyAddress['callSid'];
  if (typeof callSid !== 'string' || callSid === '')
    throw new ChannelError('permanent', 'There is no call here that could be spoken into.');
  const part = message.parts.find((each): each is CallPart => each.kind === 'call');
  const taken = (await desk?.take(inbox, threadKey)) ?? 'ok';
  if (taken === 'ended') throw over();
  if (taken === 'taken')
    throw new ChannelError('permanent', 'People have the call; flows no longer speak in it.', {
      providerCode: 'taken',
    });
  const to: SayTo = {
    settings: settingsOf(inbox),
    webhookUrl: inbox.credentials.webhookUrl ?? '',
    of: {
      call: threadKey,
      who: message.contactExternalId,
      ...(part?.ref === undefined ? {} : { ref: part.ref }),
    },
  };
  const form = await formOf(desk, inbox, to, part?.instruction ?? null, plainText(message.parts));
  await updateCall(http, twilio, callSid, form, options.signal).catch(async (error: unknown) => {
    // Right after the first webhook it still rings, and takes nothing yet.
    const stillRings =
      isOver(error) && (await desk?.callAt(inbox, threadKey))?.state !== 'ended' && desk !== undefined;
    if (!stillRings) throw error;
    throw new ChannelError('retry_after', 'Twilio: the call is not picked up yet.', {
      retryAfterMs: 500,
      providerCode: NOT_IN_PROGRESS,
      cause: error,
    });
  });
  // Twilio gives an update no id of its own: the call's, with our key, stands for it.
  return { providerMessageId: `${callSid}:${options.key}` };
}

async function formOf(
  desk: VoiceDesk | undefined,
  inbox: VoiceInbox,
  to: SayTo,
  instruction: CallInstruction | null,
  text: string,
): Promise<Record<string, string>> {
  if (instruction === null) return { Twiml: twiml(...spoken({ text }, to.settings), ...hold(to)) };
  if (instruction.do === 'hang_up') return { Status: 'completed' };
  if (instruction.do !== 'ring') return { Twiml: instructed(to, instruction) };
  const userIds = (await desk?.ring(inbox, to.of.call, instruction)) ?? [];
  if (userIds.length === 0)
    throw new ChannelError('permanent', 'Nobody who could answer is free.', { providerCode: 'nobody_free' });
  const callId = (await desk?.callAt(inbox, to.of.call))?.id ?? '';
  const rings = { userIds, callId, timeoutSeconds: instruction.timeoutSeconds };
  const whole = twiml(...ringing(to, rings));
  return { Twiml: whole.length <= MOST_PUT ? whole : twiml(askWhomToRing(to, rings)) };
}

/** @throws ChannelError; `contact_unreachable` with the code `ended`: it is over, or not picked up yet */
export async function updateCall(
  http: HttpClient,
  twilio: ReturnType<typeof twilioOf>,
  callSid: string,
  fields: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const path = `/Calls/${encodeURIComponent(callSid)}.json`;
  try {
    const form = new URLSearchParams(fields);
    const answer = await callTwilio(http, twilio, { method: 'POST', path, form, signal });
    if (!wire.call.safeParse(answer).success) throw unreadable('the call');
  } catch (error) {
    if (error instanceof ChannelError && OVER.has(error.providerCode ?? '')) throw over(error);
    throw error;
  }
}

const NOT_IN_PROGRESS = '21220';
/** A call that Twilio doesn't know says nothing of the account. */
const OVER = new Set([NOT_IN_PROGRESS, '20404', 'http 404']);
function isOver(error: unknown): boolean {
  return error instanceof ChannelError && error.providerCode === 'ended';
}
function over(cause?: ChannelError): ChannelError {
  return new ChannelError('contact_unreachable', 'The call is over.', { providerCode: 'ended', cause });
}
