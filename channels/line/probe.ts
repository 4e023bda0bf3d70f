import type { Json } from '#domain/json.ts';
import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callLine, unreadable, type LineInbox } from './call.ts';
import { readEndpoint, SWITCH_IT_ON, testEndpoint } from './webhook-endpoint.ts';
import { botInfo, consumption, quota } from './wire.ts';

type Facts = Record<string, Json>;
type Health = ProbeResult['inbound'];

/** The token by `bot/info`, the month's messages by the quota, the way in by the endpoint and LINE's own test of it. */
export async function probeLine(
  http: HttpClient,
  inbox: LineInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const info = botInfo.safeParse(await callLine(http, inbox, { path: '/v2/bot/info', signal }));
    if (!info.success) throw unreadable('who the bot is');
    const facts: Facts = {
      bot: info.data.displayName ?? info.data.basicId ?? info.data.userId,
      responseMode: info.data.chatMode ?? null,
      marksRead: info.data.markAsReadMode ?? null,
    };
    return {
      outbound: await outboundHealth(http, inbox, facts, signal),
      inbound: await inboundHealth(http, inbox, webhookUrl, facts, signal),
      facts,
    };
  } catch (error) {
    const health = unanswered(error);
    return { inbound: health, outbound: health, facts: {} };
  }
}

/** Not being able to ask is not an answer; only a refused token is. */
function unanswered(error: unknown): Health {
  if (!(error instanceof ChannelError)) throw error;
  return { state: error.kind === 'reauthorize' ? 'failing' : 'unknown', reason: error.message };
}

async function outboundHealth(
  http: HttpClient,
  inbox: LineInbox,
  facts: Facts,
  signal: AbortSignal,
): Promise<Health> {
  try {
    const limit = quota.safeParse(await callLine(http, inbox, { path: '/v2/bot/message/quota', signal }));
    const used = consumption.safeParse(
      await callLine(http, inbox, { path: '/v2/bot/message/quota/consumption', signal }),
    );
    if (!limit.success || !used.success || limit.data.type !== 'limited') return { state: 'ok' };
    const { value = 0 } = limit.data;
    const { totalUsage } = used.data;
    facts['monthlyMessages'] = value;
    facts['monthlyMessagesUsed'] = totalUsage;
    if (totalUsage >= value)
      return {
        state: 'degraded',
        reason: `The plan’s ${value} messages of this month are used up: only answers within a minute of a customer’s message go out. Raise the plan in LINE Official Account Manager.`,
      };
    if (totalUsage >= value * 0.9)
      return {
        state: 'degraded',
        reason: `${totalUsage} of the plan’s ${value} messages of this month are used up.`,
      };
    return { state: 'ok' };
  } catch (error) {
    // The token has just been taken: a quota that can't be read closes nothing.
    if (!(error instanceof ChannelError)) throw error;
    facts['quota'] = error.message;
    return { state: 'ok' };
  }
}

async function inboundHealth(
  http: HttpClient,
  inbox: LineInbox,
  webhookUrl: string,
  facts: Facts,
  signal: AbortSignal,
): Promise<Health> {
  try {
    const { endpoint, active } = await readEndpoint(http, inbox, signal);
    // Somebody else's webhook may have a secret in its path.
    facts['webhookUrl'] =
      endpoint === webhookUrl ? endpoint : URL.canParse(endpoint) ? new URL(endpoint).origin : null;
    facts['webhookActive'] = active;
    if (endpoint !== webhookUrl)
      return {
        state: 'failing',
        reason:
          endpoint === ''
            ? 'No webhook is registered with LINE; connect the inbox again.'
            : 'The channel’s webhook points elsewhere; connect the inbox again to take it back.',
      };
    if (!active) return { state: 'failing', reason: `LINE delivers nothing. ${SWITCH_IT_ON}` };
    const failure = await testEndpoint(http, inbox, webhookUrl, signal);
    return failure === null ? { state: 'ok' } : { state: 'failing', reason: failure.reason };
  } catch (error) {
    return unanswered(error);
  }
}
