import type { ChannelAdapter, SignalTarget } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callLine, type LineInbox } from './call.ts';
import { connectLine } from './connect.ts';
import { fetchLineContact } from './contact.ts';
import { lineDefinition, type LineCredentials } from './definition.ts';
import { fetchLineMedia } from './media.ts';
import { readDelivery } from './parse.ts';
import { probeLine } from './probe.ts';
import { sendLine } from './send.ts';
import { verifyLineSignature } from './signature.ts';

/** LINE's Messaging API. A push may be repeated with its key, a reply may not: each send says so itself. */
export function createLineAdapter(deps: { http: HttpClient }): ChannelAdapter<LineCredentials> {
  const { http } = deps;
  return {
    definition: lineDefinition,
    resend: () => 'unsafe',
    keyLifeHours: 24,
    verify: (inbox, request) => verifyLineSignature(inbox.credentials.channelSecret, request),
    parse: (_, request) => readDelivery(request.body),
    send: (inbox, message, options) => sendLine(http, inbox, message, options),
    connect: (inbox, webhookUrl, signal) => connectLine(http, inbox, webhookUrl, signal),
    // LINE lets a webhook be set and not be taken away; what still comes is answered 404 here, and the console switches it off.
    disconnect: async () => {},
    probe: (inbox, webhookUrl, signal) => probeLine(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchLineMedia(http, inbox, source, options),
    signal: (inbox, kind, target, signal) =>
      kind === 'typing' ? showLoading(http, inbox, target, signal) : markRead(http, inbox, target, signal),
    fetchContact: (inbox, externalId, signal) => fetchLineContact(http, inbox, externalId, signal),
  };
}

const LOADING_SECONDS = 20;

/** Until the next message or for so long; only people see it, not groups. */
async function showLoading(
  http: HttpClient,
  inbox: LineInbox,
  { threadKey, contactExternalId }: SignalTarget,
  signal: AbortSignal,
): Promise<void> {
  if (threadKey !== '') return;
  const json = { chatId: contactExternalId, loadingSeconds: LOADING_SECONDS };
  await callLine(http, inbox, { method: 'POST', path: '/v2/bot/chat/loading/start', json, signal });
}

async function markRead(
  http: HttpClient,
  inbox: LineInbox,
  { lastInbound }: SignalTarget,
  signal: AbortSignal,
): Promise<void> {
  const markAsReadToken = lastInbound?.reference?.['markAsReadToken'];
  if (typeof markAsReadToken !== 'string') return;
  await callLine(http, inbox, {
    method: 'POST',
    path: '/v2/bot/chat/markAsRead',
    json: { markAsReadToken },
    signal,
  });
}
