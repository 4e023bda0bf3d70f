import { randomBytes } from 'node:crypto';
import { plainText } from '#domain/message.ts';
import { ChannelError, type AdapterInbox, type ChannelAdapter } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient } from '../http.ts';
import { refused, signedVerdict } from '../signed-body.ts';
import { apiDefinition, type ApiCredentials } from './definition.ts';
import { fetchApiMedia } from './media.ts';
import { parseApiBody } from './parse.ts';
import { postCallback } from './send.ts';

/** CONTRACT "Webhooks", API inbox: signed in, signed out. The account is the inbox itself. */
export function createApiAdapter(deps: { http: HttpClient }): ChannelAdapter<ApiCredentials> {
  return {
    definition: apiDefinition,
    resend: (inbox) => (inbox.credentials.idempotent === true ? 'safe' : 'unsafe'),

    verify(inbox, request) {
      const { secret } = inbox.credentials;
      if (request.method !== 'POST')
        return refused('signature_missing', 'Only signed POST requests are taken here.');
      if (!secret) return refused('signature_wrong', 'This inbox has no secret yet; connect it again.');
      return signedVerdict(secret, request);
    },

    parse: (_, request) => parseApiBody(request.body),

    send: (inbox, message, options) =>
      postCallback(
        deps.http,
        inbox,
        {
          event: 'message.created',
          eventId: options.key,
          inboxId: inbox.id,
          conversationId: message.conversationId,
          message: { id: message.id, text: plainText(message.parts), parts: message.parts },
          to: { id: message.contactExternalId },
          ...(message.inReplyTo === undefined ? {} : { inReplyTo: message.inReplyTo }),
        },
        options,
      ),

    /** Nothing is called: the first real reply is the first call. The address is resolved, so a typing error is known at once. */
    async connect(inbox) {
      const warnings = await addressWarnings(deps.http, inbox);
      const secret = inbox.credentials.secret ?? randomBytes(32).toString('base64url');
      return {
        accountKey: inbox.id,
        accountLabel: new URL(inbox.credentials.callbackUrl).host,
        credentials: { ...inbox.credentials, secret },
        ...(inbox.credentials.secret ? {} : { reveal: { secret } }),
        warnings,
      };
    },

    async disconnect() {
      // Nothing is registered anywhere.
    },

    async probe(inbox) {
      const facts = { callbackHost: new URL(inbox.credentials.callbackUrl).host };
      const inbound = { state: 'unknown' as const, reason: 'Known with the next signed message.' };
      try {
        await deps.http.check(inbox.credentials.callbackUrl);
        return { inbound, outbound: { state: 'unknown', reason: 'Known with the next reply.' }, facts };
      } catch (error) {
        return { inbound, outbound: { state: 'failing', reason: toChannelError(error).message }, facts };
      }
    },

    fetchMedia: (_, source, options) => fetchApiMedia(deps.http, source, options),

    accepted: (results) => ({
      status: 202,
      body: { eventId: results[0]?.eventId ?? null, duplicate: results[0]?.duplicate ?? false },
    }),
  };
}

/** @throws ChannelError permanent for an address that will never be called */
async function addressWarnings(http: HttpClient, inbox: AdapterInbox<ApiCredentials>): Promise<string[]> {
  try {
    await http.check(inbox.credentials.callbackUrl);
    return [];
  } catch (error) {
    if (error instanceof HttpError && error.kind === 'not_sent')
      return [`${error.message} Replies wait and are tried again until it is.`];
    if (error instanceof HttpError) throw new ChannelError('permanent', error.message, { cause: error });
    throw error;
  }
}
