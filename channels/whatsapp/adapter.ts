import type { ChannelAdapter } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { verifyMetaSignature } from '../meta/signature.ts';
import { connectWhatsapp, disconnectWhatsapp } from './connect.ts';
import { whatsappDefinition, type WhatsappCredentials } from './definition.ts';
import { fetchWhatsappMedia } from './media.ts';
import { parseWhatsapp } from './parse.ts';
import { probeWhatsapp } from './probe.ts';
import { sendWhatsapp } from './send.ts';
import { signalWhatsapp } from './signal.ts';

/** WhatsApp's Cloud API. It knows no idempotency key, so an unconfirmed send is never repeated; statuses tell by our key what became of it. */
export function createWhatsappAdapter(deps: { http: HttpClient }): ChannelAdapter<WhatsappCredentials> {
  const { http } = deps;
  return {
    definition: whatsappDefinition,
    resend: () => 'unsafe',
    verify: ({ apps }, request) => verifyMetaSignature(apps.meta ? [apps.meta.secret] : [], request),
    parse: (inbox, request) => parseWhatsapp(request.body, inbox.credentials),
    send: (inbox, message, options) => sendWhatsapp(http, inbox, message, options),
    accountKeyOf: ({ phoneNumberId }) => phoneNumberId,
    connect: (inbox, webhookUrl, signal, context) =>
      connectWhatsapp(http, inbox, webhookUrl, signal, context),
    disconnect: (inbox, signal, context) => disconnectWhatsapp(http, inbox, signal, context),
    probe: (inbox, webhookUrl, signal) => probeWhatsapp(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchWhatsappMedia(http, inbox, source, options),
    signal: (inbox, kind, target, signal) => signalWhatsapp(http, inbox, kind, target, signal),
  };
}
