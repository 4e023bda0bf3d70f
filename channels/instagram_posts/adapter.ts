import type { ChannelAdapter } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { connectInstagram, disconnectInstagram } from '../instagram/connect.ts';
import type { InstagramCredentials } from '../instagram/definition.ts';
import { probeInstagram } from '../instagram/probe.ts';
import { verifyInstagram } from '../instagram/verify.ts';
import { actOnComment } from './act.ts';
import { instagramPostsDefinition } from './definition.ts';
import { fetchMention, fetchWriter } from './lookup.ts';
import { parsePosts } from './parse.ts';
import { sendPostReply } from './send.ts';

/** Comments on an account's posts and mentions of it. Meta knows no idempotency key, so an unconfirmed send is never repeated. */
export function createInstagramPostsAdapter(deps: {
  http: HttpClient;
}): ChannelAdapter<InstagramCredentials> {
  const { http } = deps;
  return {
    definition: instagramPostsDefinition,
    resend: () => 'unsafe',
    verify: verifyInstagram,
    parse: (inbox, request) => parsePosts(inbox, request.body),
    send: (inbox, message, options) => sendPostReply(http, inbox, message, options),
    accountKeyOf: ({ instagramUserId }) => instagramUserId,
    connect: (inbox, _, signal, context) => connectInstagram(http, inbox, signal, context),
    disconnect: (inbox, signal, context) => disconnectInstagram(http, inbox, signal, context),
    probe: (inbox, webhookUrl, signal) => probeInstagram(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchMention(http, inbox, source, options),
    act: (inbox, action, { providerMessageId }, signal) =>
      actOnComment(http, inbox, action, providerMessageId, signal),
    fetchContact: (inbox, externalId, signal) => fetchWriter(http, inbox, externalId, signal),
  };
}
