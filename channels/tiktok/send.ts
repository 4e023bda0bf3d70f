import { isMedia, type MediaPart } from '#domain/message.ts';
import type { JsonObject } from '#domain/json.ts';
import { messageWindow } from '#domain/window.ts';
import { beforeSend } from '../before-send.ts';
import {
  ChannelError,
  type MediaBytes,
  type OutboundMessage,
  type SendOptions,
  type Sent,
} from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { asInbox, callTikTok, unreadable, type TikTokInbox } from './call.ts';
import { tikTokDefinition } from './definition.ts';
import { isPicture, renderPart, textFields } from './render.ts';
import { sent, uploaded } from './wire.ts';

/** Sends one part to the conversation. TikTok knows no idempotency key; its echo tells what came of a lost answer. @throws ChannelError */
export async function sendTikTok(
  http: HttpClient,
  inbox: TikTokInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const [part, ...others] = message.parts;
  if (!part || others.length > 0)
    throw new ChannelError('permanent', 'TikTok takes one part in one message.');
  refuseWhileClosed(message);
  const fields = isMedia(part)
    ? await mediaFields(http, inbox, part, message.inReplyTo, options)
    : renderPart(part, message.inReplyTo);
  const data = await callTikTok(http, {
    ...asInbox(inbox),
    path: '/business/message/send/',
    json: { ...addressOf(inbox, message), ...fields },
    signal: options.signal,
  });
  const read = sent.safeParse(data);
  if (!read.success) throw unreadable('the message');
  return { providerMessageId: read.data.message.message_id };
}

/** Where messages and signals of a conversation go. */
export function addressOf(
  { credentials }: TikTokInbox,
  { replyAddress, contactExternalId }: Pick<OutboundMessage, 'replyAddress' | 'contactExternalId'>,
): JsonObject {
  const { conversationId } = replyAddress;
  return {
    business_id: credentials.businessId,
    recipient_type: 'CONVERSATION',
    recipient: typeof conversationId === 'string' ? conversationId : contactExternalId,
  };
}

function refuseWhileClosed({ lastInAtMs, sentSinceLastIn }: OutboundMessage): void {
  const rule = tikTokDefinition.capabilities.window ?? { kind: 'none' };
  const lastInAt = lastInAtMs === null ? null : new Date(lastInAtMs);
  const window = messageWindow(rule, { lastInAt, sentSinceLastIn }, new Date());
  if (window.open) return;
  const why =
    lastInAtMs === null
      ? 'TikTok lets a business answer only, and this person has not written yet'
      : window.remaining === 0
        ? 'TikTok lets a business send ten messages for each of a person’s, and all ten are sent'
        : 'TikTok lets a business answer for 48 hours, and they are over';
  throw new ChannelError(
    'window_closed',
    `${why}; nothing was sent. Wait for the person’s next message, or reach them elsewhere.`,
  );
}

/** A picture goes up first, then by its id; one that TikTok doesn't take goes as a link. */
async function mediaFields(
  http: HttpClient,
  inbox: TikTokInbox,
  part: MediaPart,
  inReplyTo: string | undefined,
  options: SendOptions,
): Promise<JsonObject> {
  const media = await beforeSend('The file', options.media(part.mediaId));
  if (isPicture(media))
    return { message_type: 'IMAGE', image: { media_id: await upload(http, inbox, media, options.signal) } };
  if (!options.mediaUrl)
    throw new ChannelError(
      'permanent',
      'TikTok takes JPEG and PNG pictures of at most 3 MB, and this file is none.',
    );
  const url = await beforeSend('The file', options.mediaUrl(part.mediaId));
  const line = [part.caption, `${part.name ?? media.name ?? part.kind}: ${url}`].filter(Boolean).join('\n');
  return textFields(line, inReplyTo);
}

/** Nothing reaches the person by it: without an answer the message was simply not sent. */
async function upload(
  http: HttpClient,
  inbox: TikTokInbox,
  { bytes, mimeType, name }: MediaBytes,
  signal: AbortSignal,
): Promise<string> {
  const form = new FormData();
  form.set('business_id', inbox.credentials.businessId);
  form.set('media_type', 'IMAGE');
  const file = new Blob([Uint8Array.from(bytes)], { type: mimeType });
  form.set('file', file, name ?? (mimeType === 'image/png' ? 'image.png' : 'image.jpg'));
  try {
    const data = await callTikTok(http, {
      ...asInbox(inbox),
      path: '/business/message/media/upload/',
      form,
      signal,
    });
    const read = uploaded.safeParse(data);
    if (!read.success) throw unreadable('the picture');
    return read.data.media_id;
  } catch (error) {
    if (!(error instanceof ChannelError) || error.kind !== 'no_answer') throw error;
    throw new ChannelError(
      'not_sent',
      `The picture could not be handed to TikTok; nothing was sent. ${error.message}`,
      {
        providerCode: error.providerCode,
        cause: error,
      },
    );
  }
}
