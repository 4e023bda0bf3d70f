import type { ChannelAdapter, SignalTarget } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { asInbox, callTikTok, type TikTokInbox } from './call.ts';
import { connectTikTok } from './connect.ts';
import { tikTokDefinition, type TikTokCredentials } from './definition.ts';
import { fetchTikTokMedia } from './media.ts';
import { readDelivery } from './parse.ts';
import { probeTikTok } from './probe.ts';
import { addressOf, sendTikTok } from './send.ts';
import { verifyTikTokSignature } from './signature.ts';

/**
 * TikTok's Business Messaging. Its access tokens end after a day; an adapter can't store new ones, so a refused token is said
 * (`reauthorize`), and `refreshTikTokToken` is there for whoever keeps the credentials.
 */
export function createTikTokAdapter(deps: { http: HttpClient }): ChannelAdapter<TikTokCredentials> {
  const { http } = deps;
  return {
    definition: tikTokDefinition,
    resend: () => 'unsafe',
    verify(inbox, request) {
      const { tiktok: app } = inbox.apps;
      const verdict = verifyTikTokSignature(app ? [app.secret] : [], request);
      return verdict.kind === 'ok' ? { kind: 'ok' } : verdict;
    },
    parse: (_, request) => readDelivery(request.body),
    send: (inbox, message, options) => sendTikTok(http, inbox, message, options),
    accountKeyOf: ({ businessId }) => businessId,
    connect: (inbox, webhookUrl, signal) => connectTikTok(http, inbox, webhookUrl, signal),
    // The webhook is the app's and serves every other account; nothing of this one is registered at TikTok.
    disconnect: async () => {},
    probe: (inbox, webhookUrl, signal) => probeTikTok(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchTikTokMedia(http, inbox, source, options),
    signal: (inbox, kind, target, signal) => tellContact(http, inbox, kind, target, signal),
  };
}

/** Typing shows for about five seconds. */
async function tellContact(
  http: HttpClient,
  inbox: TikTokInbox,
  kind: 'typing' | 'read',
  target: SignalTarget,
  signal: AbortSignal,
): Promise<void> {
  const json = {
    ...addressOf(inbox, target),
    message_type: 'SENDER_ACTION',
    sender_action: kind === 'typing' ? 'TYPING' : 'MARK_READ',
  };
  await callTikTok(http, { ...asInbox(inbox), path: '/business/message/send/', json, signal });
}
