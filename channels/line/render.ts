import type { JsonObject } from '#domain/json.ts';
import {
  isMedia,
  plainText,
  type ChoicesPart,
  type LocationPart,
  type MediaPart,
  type Part,
} from '#domain/message.ts';
import { beforeSend } from '../before-send.ts';
import { ChannelError, type OutboundMessage, type SendOptions } from '../contract.ts';
import type { LineInbox } from './call.ts';
import { postbackData } from './choices.ts';
import { durationMsOf } from './duration.ts';

/** The one message object that carries the part. @throws ChannelError permanent, not_sent */
export async function renderPart(
  inbox: LineInbox,
  { parts, inReplyToReference }: Pick<OutboundMessage, 'parts' | 'inReplyToReference'>,
  options: SendOptions,
): Promise<JsonObject> {
  const [part, ...others] = parts;
  if (!part || others.length > 0) throw new ChannelError('permanent', 'LINE takes one part in one message.');
  if (isMedia(part)) return await mediaMessage(inbox, part, options);
  if (part.kind === 'location') return locationMessage(part);
  if (part.kind === 'template') throw new ChannelError('permanent', 'LINE has no templates of ours to send.');
  const quoteToken = inReplyToReference?.['quoteToken'];
  return {
    ...textMessage(plainText([part])),
    ...(typeof quoteToken === 'string' ? { quoteToken } : {}),
    ...(part.kind === 'choices' ? { quickReply: quickReply(part) } : {}),
  };
}

function textMessage(text: string): JsonObject {
  if (text.trim() === '') throw new ChannelError('permanent', 'LINE takes no message without text.');
  return { type: 'text', text };
}

/** Buttons above the keyboard, until one is pressed or somebody writes; the label appears in the chat as the customer's answer. */
function quickReply({ options }: ChoicesPart): JsonObject {
  return {
    items: options.map((option) => ({
      type: 'action',
      action: {
        type: 'postback',
        label: option.label,
        data: postbackData(option),
        displayText: option.label,
      },
    })),
  };
}

const MAX_PLACE_LENGTH = 100;

function locationMessage({ lat, lon, name }: LocationPart): JsonObject {
  const coordinates = `${lat}, ${lon}`;
  const title = (name?.trim() || coordinates).slice(0, MAX_PLACE_LENGTH).toWellFormed();
  return { type: 'location', title, address: coordinates, latitude: lat, longitude: lon };
}

/** Larger ones are accepted and never shown. */
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const isSmall = ({ sizeBytes = 0 }: MediaPart): boolean => sizeBytes <= MAX_IMAGE_BYTES;

/** LINE fetches the file itself, from a link that must be https. What it doesn't show or play goes as that link. */
async function mediaMessage(inbox: LineInbox, part: MediaPart, options: SendOptions): Promise<JsonObject> {
  if (!options.mediaUrl)
    throw new ChannelError('permanent', 'LINE takes files by link only, and there is none for this one.');
  const url = await beforeSend('The file', options.mediaUrl(part.mediaId));
  if (part.kind === 'image' && /^image\/(jpeg|png)$/.test(part.mimeType) && isSmall(part))
    return { type: 'image', originalContentUrl: url, previewImageUrl: url };
  if (part.kind === 'audio' && /^audio\/(mp4|x-m4a|m4a|aac|mpeg|mp3)$/.test(part.mimeType)) {
    const { bytes } = await beforeSend('The file', options.media(part.mediaId));
    return { type: 'audio', originalContentUrl: url, duration: durationMsOf(bytes) };
  }
  const preview = part.kind === 'video' && part.mimeType === 'video/mp4' ? stillOf(inbox) : undefined;
  if (preview) return { type: 'video', originalContentUrl: url, previewImageUrl: preview };
  return textMessage(linkLine(part, url));
}

function stillOf({ settings, credentials }: LineInbox): string | undefined {
  const chosen = settings['videoPreviewUrl'];
  return typeof chosen === 'string' ? chosen : credentials.pictureUrl;
}

function linkLine(part: Extract<Part, { mediaId: string }>, url: string): string {
  return [part.caption, `${part.name ?? part.kind}: ${url}`].filter(Boolean).join('\n');
}
