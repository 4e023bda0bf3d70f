import type { JsonObject } from '#domain/json.ts';
import { isMedia } from '#domain/message.ts';
import { messageWindow } from '#domain/window.ts';
import { beforeSend } from '../before-send.ts';
import { ChannelError, type OutboundMessage, type SendOptions, type Sent } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { unreadable } from '../meta/graph.ts';
import { accepted } from './answers.ts';
import { callWhatsapp, type WhatsappInbox } from './call.ts';
import { whatsappDefinition } from './definition.ts';
import { isUserId } from './identity.ts';
import { payloadOf } from './render.ts';
import { uploadMedia } from './upload.ts';

/** Sends one part. Meta's id means that it was accepted; whether it arrives is told by statuses. @throws ChannelError */
export async function sendWhatsapp(
  http: HttpClient,
  inbox: WhatsappInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const [part, ...others] = message.parts;
  if (!part || others.length > 0) throw new ChannelError('permanent', 'WhatsApp takes one part in one call.');
  if (part.kind !== 'template') refuseWhileClosed(message);
  const settings = whatsappDefinition.settings.parse(inbox.settings);
  const { type, content } = isMedia(part)
    ? await uploadMedia(
        http,
        inbox,
        part,
        await beforeSend('The file', options.media(part.mediaId)),
        options.signal,
      )
    : payloadOf(part, {
        listButton: textOf(settings['listButton']) ?? 'Choose',
        templateLanguage: textOf(settings['templateLanguage']) ?? 'en_US',
      });
  const answer = accepted.safeParse(
    await callWhatsapp(http, inbox, {
      method: 'POST',
      path: `/${inbox.credentials.phoneNumberId}/messages`,
      json: {
        messaging_product: 'whatsapp',
        ...recipientOf(message),
        type,
        [type]: type === 'contacts' ? (content['list'] ?? []) : content,
        ...quoteOf(message),
        biz_opaque_callback_data: options.key,
      },
      signal: options.signal,
    }),
  );
  if (!answer.success) throw unreadable('a message');
  return { providerMessageId: answer.data.messages[0].id };
}

/** Meta would accept the call and fail the message later: said here, before anything leaves. */
function refuseWhileClosed({ lastInAtMs, sentSinceLastIn }: OutboundMessage): void {
  const rule = whatsappDefinition.capabilities.window;
  if (!rule) return;
  const lastInAt = lastInAtMs === null ? null : new Date(lastInAtMs);
  if (messageWindow(rule, { lastInAt, sentSinceLastIn }, new Date()).open) return;
  throw new ChannelError(
    'window_closed',
    lastInAtMs === null
      ? 'The contact has not written in this conversation yet. Send an approved template; free text is possible for 24 hours after they write.'
      : 'The contact’s last message is more than 24 hours old. Send an approved template; free text is possible again once they write.',
  );
}

/** Calls stand in the thread too, by ids of ours, and can't be quoted. */
function quoteOf({ inReplyTo }: OutboundMessage): JsonObject {
  return inReplyTo === undefined || inReplyTo.includes(':') ? {} : { context: { message_id: inReplyTo } };
}

/** A number where we know one, since every kind of message may go to it; else the business-scoped user id. */
function recipientOf({ replyAddress, contactExternalId }: OutboundMessage): JsonObject {
  const { group, to, recipient } = replyAddress;
  if (typeof group === 'string' && group !== '') return { recipient_type: 'group', to: group };
  const individual = { recipient_type: 'individual' };
  if (typeof to === 'string' && to !== '') return { ...individual, to };
  if (typeof recipient === 'string' && recipient !== '') return { ...individual, recipient };
  return isUserId(contactExternalId)
    ? { ...individual, recipient: contactExternalId }
    : { ...individual, to: contactExternalId.replace(/^\+/, '') };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
