import type { JsonObject } from '#domain/json.ts';
import type { MediaKind } from '#domain/message.ts';
import type { InboundMedia, InboundPart } from '../contract.ts';
import * as wire from './wire.ts';

/**
 * What a Telegram message says, as parts; null for a service message, which nobody wrote. Content that is new to us or not
 * as documented is `unsupported`, never lost.
 */
export function partsOf(message: wire.Message): InboundPart[] | null {
  for (const read of readers) {
    const part = read(message);
    if (part) return [part];
  }
  const content = Object.keys(message).filter((key) => !FRAME.has(key));
  if (content.some((key) => SERVICE.test(key))) return null;
  return [{ kind: 'unsupported', what: content[0] ?? 'message' }];
}

type Reader = (message: wire.Message) => InboundPart | null;

/** In this order: an animation also carries `document`, a venue also `location`. */
const readers: Reader[] = [
  ({ text }) => (typeof text === 'string' && text !== '' ? { kind: 'text', text } : null),
  media('animation', (file) => ({ kind: 'video', mimeType: file.mime_type || 'video/mp4' })),
  (message) => {
    const sizes = wire.photo.safeParse(message['photo']);
    const largest = sizes.success ? sizes.data.at(-1) : undefined;
    return largest ? mediaPart('image', 'image/jpeg', largest, captionOf(message)) : null;
  },
  (message) => {
    const read = wire.sticker.safeParse(message['sticker']);
    if (!read.success) return null;
    const { is_animated: animated, is_video: video, emoji } = read.data;
    if (animated) return mediaPart('file', 'application/x-tgsticker', read.data, emoji);
    return video
      ? mediaPart('video', 'video/webm', read.data, emoji)
      : mediaPart('image', 'image/webp', read.data, emoji);
  },
  media('video', (file) => ({ kind: 'video', mimeType: file.mime_type || 'video/mp4' })),
  media('video_note', () => ({ kind: 'video', mimeType: 'video/mp4' })),
  media('voice', (file) => ({ kind: 'audio', mimeType: file.mime_type || 'audio/ogg' })),
  media('audio', (file) => ({ kind: 'audio', mimeType: file.mime_type || 'audio/mpeg' })),
  media('document', (file) => ({ kind: 'file', mimeType: file.mime_type || 'application/octet-stream' })),
  (message) => {
    const read = wire.venue.safeParse(message['venue']);
    if (!read.success) return null;
    const { location, title } = read.data;
    return { kind: 'location', lat: location.latitude, lon: location.longitude, name: title };
  },
  (message) => {
    const read = wire.location.safeParse(message['location']);
    return read.success ? { kind: 'location', lat: read.data.latitude, lon: read.data.longitude } : null;
  },
  (message) => {
    const read = wire.contact.safeParse(message['contact']);
    if (!read.success) return null;
    const { first_name: first, last_name: last, phone_number: phone } = read.data;
    return { kind: 'contact_card', name: [first, last].filter(Boolean).join(' '), phones: [phone] };
  },
];

function media(field: string, typeOf: (file: wire.File) => { kind: MediaKind; mimeType: string }): Reader {
  return (message) => {
    const read = wire.file.safeParse(message[field]);
    if (!read.success) return null;
    const { kind, mimeType } = typeOf(read.data);
    return mediaPart(kind, mimeType, read.data, captionOf(message));
  };
}

function mediaPart(
  kind: MediaKind,
  mimeType: string,
  file: wire.File,
  caption: string | undefined,
): InboundMedia {
  const { file_id: fileId, file_size: sizeBytes, file_name: name } = file;
  const source: JsonObject = {
    fileId,
    mimeType,
    ...(name ? { name } : {}),
    ...(sizeBytes ? { sizeBytes } : {}),
  };
  return { kind, source, mimeType, name, sizeBytes, caption };
}

function captionOf(message: wire.Message): string | undefined {
  return typeof message['caption'] === 'string' ? message['caption'] : undefined;
}

/** Fields that say who, when, where and how, but not what. */
const FRAME = new Set(
  `message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count sender_business_bot sender_tag date
  guest_query_id business_connection_id chat forward_origin is_topic_message is_automatic_forward reply_to_message external_reply
  quote reply_to_story reply_to_checklist_task_id reply_to_poll_option_id via_bot edit_date has_protected_content is_from_offline
  is_paid_post media_group_id author_signature paid_star_count entities link_preview_options suggested_post_info effect_id
  caption caption_entities show_caption_above_media has_media_spoiler reply_markup forward_from forward_date forward_from_chat
  forward_from_message_id forward_signature forward_sender_name guest_bot_caller_user guest_bot_caller_chat
  ephemeral_message_id receiver_user`.split(/\s+/),
);

/** Things that happened in a chat, told as messages. */
const SERVICE = new RegExp(
  `^(new_chat_(members|member|participant|title|photo)|left_chat_(member|participant)|delete_chat_photo
  |(group|supergroup|channel)_chat_created|message_auto_delete_timer_changed|migrate_(to|from)_chat_id|pinned_message
  |connected_website|write_access_allowed|proximity_alert_triggered|boost_added|chat_background_set|chat_owner_(left|changed)
  |(general_)?forum_topic_\\w+|giveaway_(created|completed)|(video|voice)_chat_\\w+|community_chat_\\w+|managed_bot_created
  |poll_option_(added|deleted)|checklist_tasks_(done|added)|suggested_post_(approved|approval_failed|declined|paid|refunded)
  |(paid|direct)_message_price_changed)$`.replaceAll(/\s+/g, ''),
);
