/** What we read of the Business Messaging API, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';

const text = z.string();
/** Ids beyond 2^53 come as text already (json-body.ts); smaller ones may be numbers. */
const id = z.union([text.min(1).max(512), z.int()]).transform(String);
const maybeId = id.optional().catch(undefined);
const maybeText = text.min(1).optional().catch(undefined);
/** Unix milliseconds, before the year 2100: what comes out is a date everywhere. */
const time = z.coerce.number().pipe(z.int().min(0).max(4_102_444_800_000));
const maybeTime = time.optional().catch(undefined);

export const envelope = z.looseObject({
  event: text.min(1),
  user_openid: maybeId,
  create_time: z.int().optional().catch(undefined),
  content: z.unknown().optional(),
});
export type Envelope = z.infer<typeof envelope>;

const user = z.looseObject({ id: maybeId, role: maybeText }).optional().catch(undefined);
const body = <T extends z.ZodType>(shape: T) => shape.optional().catch(undefined);
const media = body(z.looseObject({ media_id: id }));
const link = body(z.looseObject({ url: text.min(1).max(4000) }));

export const content = z.looseObject({
  conversation_id: maybeId,
  message_id: maybeId,
  type: maybeText,
  timestamp: maybeTime,
  from: maybeText,
  to: maybeText,
  from_user: user,
  to_user: user,
  text: body(z.looseObject({ body: text })),
  image: media,
  video: media,
  sticker: link,
  emoji: link,
  share_post: body(z.looseObject({ embed_url: text.min(1) })),
  template: z.unknown().optional(),
  reaction: body(z.array(z.unknown())),
  read: body(z.looseObject({ last_read_timestamp: time })),
  referenced_message_info: body(z.looseObject({ referenced_message_id: id })),
  reply_source_payload: body(z.looseObject({ reply_source_unique_id: id })),
  auto_message_type: maybeText,
});
export type Content = z.infer<typeof content>;

export const reaction = z.looseObject({
  operation: text,
  original_msg_id: id,
  emoji: maybeText,
  ai_emoji_url: maybeText,
});
export const template = z.looseObject({
  elements: z.array(
    z.looseObject({
      title: text.optional().catch(undefined),
      buttons: z.array(z.looseObject({ text: text.optional().catch(undefined) })).catch([]),
    }),
  ),
});

// Answers ------------------------------------------------------------------------------------------------------------
export const answer = z.looseObject({
  code: z.int(),
  message: text.optional().catch(undefined),
  request_id: text.optional().catch(undefined),
  data: z.unknown().optional(),
});
export const sent = z.looseObject({ message: z.looseObject({ message_id: id }) });
export const uploaded = z.looseObject({ media_id: id });
export const download = z.looseObject({ download_url: text.min(1) });
export const business = z.looseObject({
  username: maybeText,
  display_name: maybeText,
  profile_image: maybeText,
});
export const webhooks = z
  .union([
    z.looseObject({ callback_url: text.optional() }).transform((one) => [one]),
    z.array(z.looseObject({ callback_url: text.optional() })),
  ])
  .catch([]);
export const tokens = z.looseObject({
  open_id: id,
  access_token: text.min(1),
  refresh_token: text.min(1),
  expires_in: z.coerce.number().positive(),
  refresh_token_expires_in: z.coerce.number().positive().optional().catch(undefined),
  scope: text.optional().catch(undefined),
});
