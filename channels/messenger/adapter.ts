import type { ChannelAdapter } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import type { PageCredentials } from '../meta/definition.ts';
import { pageFields } from '../meta/fields.ts';
import { connectPage, disconnectPage } from '../meta/page.ts';
import { probePage } from '../meta/page-probe.ts';
import { verifyMetaSignature } from '../meta/signature.ts';
import { fetchMessengerContact } from './contact.ts';
import { messengerDefinition } from './definition.ts';
import { fetchPageMedia } from '../meta/page-media.ts';
import { parseMessenger } from './parse.ts';
import { sendMessenger, signalMessenger } from './send.ts';

const needs = {
  fields: pageFields.messenger,
  inboundScopes: ['pages_messaging', 'pages_manage_metadata'],
  outboundScopes: ['pages_messaging'],
};

/** Direct messages of a Facebook page. Meta knows no idempotency key, so an unconfirmed send is never repeated. */
export function createMessengerAdapter(deps: { http: HttpClient }): ChannelAdapter<PageCredentials> {
  const { http } = deps;
  return {
    definition: messengerDefinition,
    resend: () => 'unsafe',
    verify: (inbox, request) => verifyMetaSignature(inbox.apps.meta ? [inbox.apps.meta.secret] : [], request),
    parse: (inbox, request) =>
      parseMessenger(request.body, {
        pageId: inbox.credentials.pageId,
        appId: inbox.apps.meta?.id ?? inbox.credentials.appId,
      }),
    send: (inbox, message, options) => sendMessenger(http, inbox, message, options),
    accountKeyOf: ({ pageId }) => pageId,
    connect: (inbox, _, signal, context) =>
      connectPage(http, inbox, { scopes: needs.inboundScopes, signal, context }),
    disconnect: (inbox, signal, context) => disconnectPage(http, inbox, signal, context),
    probe: (inbox, webhookUrl, signal) => probePage(http, inbox, webhookUrl, needs, signal),
    fetchMedia: (inbox, source, options) => fetchPageMedia(http, inbox, source, options),
    signal: (inbox, kind, target, signal) => signalMessenger(http, inbox, kind, target, signal),
    fetchContact: (inbox, externalId, signal) => fetchMessengerContact(http, inbox, externalId, signal),
  };
}
