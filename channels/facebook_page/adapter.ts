import type { ChannelAdapter } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { fetchPageMedia } from '../meta/page-media.ts';
import type { PageCredentials } from '../meta/definition.ts';
import { pageFields } from '../meta/fields.ts';
import { connectPage, disconnectPage } from '../meta/page.ts';
import { probePage } from '../meta/page-probe.ts';
import { verifyMetaSignature } from '../meta/signature.ts';
import { actOnComment } from './act.ts';
import { facebookPageDefinition } from './definition.ts';
import { parseFacebookPage } from './parse.ts';
import { sendFacebookPage } from './send.ts';

const needs = {
  fields: pageFields.facebook_page,
  inboundScopes: ['pages_manage_metadata', 'pages_read_engagement', 'pages_read_user_content'],
  outboundScopes: ['pages_manage_engagement'],
};
const scopes = [...needs.inboundScopes, ...needs.outboundScopes, 'pages_messaging'];

/** Comments, posts and mentions of a Facebook page. No idempotency key, so an unconfirmed answer is never repeated. */
export function createFacebookPageAdapter(deps: { http: HttpClient }): ChannelAdapter<PageCredentials> {
  const { http } = deps;
  return {
    definition: facebookPageDefinition,
    resend: () => 'unsafe',
    verify: (inbox, request) => verifyMetaSignature(inbox.apps.meta ? [inbox.apps.meta.secret] : [], request),
    parse: (inbox, request) => parseFacebookPage(request.body, inbox.credentials.pageId),
    send: (inbox, message, options) => sendFacebookPage(http, inbox, message, options),
    accountKeyOf: ({ pageId }) => pageId,
    connect: (inbox, _, signal, context) => connectPage(http, inbox, { scopes, signal, context }),
    disconnect: (inbox, signal, context) => disconnectPage(http, inbox, signal, context),
    probe: (inbox, webhookUrl, signal) => probePage(http, inbox, webhookUrl, needs, signal),
    fetchMedia: (inbox, source, options) => fetchPageMedia(http, inbox, source, options),
    act: (inbox, action, { providerMessageId }, signal) =>
      actOnComment(http, inbox, action, providerMessageId, signal),
  };
}
