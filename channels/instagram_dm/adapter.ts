import type { ChannelAdapter } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { connectInstagram, disconnectInstagram } from '../instagram/connect.ts';
import type { InstagramCredentials } from '../instagram/definition.ts';
import { fetchInstagramMedia } from '../instagram/media.ts';
import { probeInstagram } from '../instagram/probe.ts';
import { verifyInstagram } from '../instagram/verify.ts';
import { fetchInstagramContact } from './contact.ts';
import { instagramDmDefinition } from './definition.ts';
import { parseDirectMessages } from './parse.ts';
import { sendDirectMessage, signalDirectMessage } from './send.ts';

/** Direct messages of an Instagram account. Meta knows no idempotency key, so an unconfirmed send is never repeated. */
export function createInstagramDmAdapter(deps: { http: HttpClient }): ChannelAdapter<InstagramCredentials> {
  const { http } = deps;
  return {
    definition: instagramDmDefinition,
    resend: () => 'unsafe',
    verify: verifyInstagram,
    parse: (inbox, request) => parseDirectMessages(inbox, request.body),
    send: (inbox, message, options) => sendDirectMessage(http, inbox, message, options),
    accountKeyOf: ({ instagramUserId }) => instagramUserId,
    connect: (inbox, _, signal, context) => connectInstagram(http, inbox, signal, context),
    disconnect: (inbox, signal, context) => disconnectInstagram(http, inbox, signal, context),
    probe: (inbox, webhookUrl, signal) => probeInstagram(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchInstagramMedia(http, inbox, source, options),
    signal: (inbox, kind, target, signal) => signalDirectMessage(http, inbox, kind, target, signal),
    fetchContact: (inbox, externalId, signal) => fetchInstagramContact(http, inbox, externalId, signal),
  };
}
