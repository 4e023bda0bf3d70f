/** What we read of the Bot API, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';

const id = z.int();
const text = z.string();
/** Unix seconds, before the year 2100: what comes out is a date everywhere. */
const time = z.int().min(0).max(4_102_444_800).optional().catch(undefined);

export const user = z.looseObject({
  id,
  first_name: text.optional().catch(undefined),
  last_name: text.optional().catch(undefined),
  username: text.optional().catch(undefined),
});
export const chat = z.looseObject({
  id,
  type: text,
  title: text.optional().catch(undefined),
  first_name: text.optional().catch(undefined),
  last_name: text.optional().catch(undefined),
  username: text.optional().catch(undefined),
});
export type Chat = z.infer<typeof chat>;

/** The frame of a message; its content is read piece by piece in parts.ts. */
export const message = z.looseObject({
  message_id: id,
  chat,
  date: time,
  edit_date: time,
  from: user.optional().catch(undefined),
  sender_chat: chat.optional().catch(undefined),
  message_thread_id: id.optional().catch(undefined),
  is_topic_message: z.boolean().optional().catch(undefined),
  business_connection_id: text.optional().catch(undefined),
  reply_to_message: z.looseObject({ message_id: id }).optional().catch(undefined),
});
export type Message = z.infer<typeof message>;

export const update = z.looseObject({ update_id: id });

export const callbackQuery = z.looseObject({
  id: text.min(1),
  from: user,
  data: text.optional(),
  message: message.optional().catch(undefined),
});
export const inlineKeyboard = z.looseObject({
  reply_markup: z.looseObject({
    inline_keyboard: z.array(z.array(z.looseObject({ text, callback_data: text.optional() }))),
  }),
});
export const messageReaction = z.looseObject({
  chat,
  message_id: id,
  user: user.optional(),
  actor_chat: chat.optional(),
  new_reaction: z.array(
    z.looseObject({ type: text, emoji: text.optional(), custom_emoji_id: text.optional() }),
  ),
});
export const chatMemberUpdated = z.looseObject({
  chat,
  from: user,
  new_chat_member: z.looseObject({ status: text }),
});
export const businessMessagesDeleted = z.looseObject({
  business_connection_id: text,
  chat,
  /** One odd id doesn't cost its siblings. */
  message_ids: z.array(z.unknown()),
});

export const file = z.looseObject({
  file_id: text.min(1),
  file_size: z.int().nonnegative().optional().catch(undefined),
  mime_type: text.optional().catch(undefined),
  file_name: text.optional().catch(undefined),
});
export type File = z.infer<typeof file>;
export const photo = z.array(file).min(1);
export const sticker = file.extend({
  emoji: text.optional().catch(undefined),
  is_animated: z.boolean().optional().catch(undefined),
  is_video: z.boolean().optional().catch(undefined),
});
export const location = z.looseObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});
export const venue = z.looseObject({ location, title: text });
export const contact = z.looseObject({
  phone_number: text,
  first_name: text,
  last_name: text.optional().catch(undefined),
});

// Answers ------------------------------------------------------------------------------------------------------------
export const answer = z.looseObject({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error_code: z.int().optional().catch(undefined),
  description: text.optional().catch(undefined),
  parameters: z
    .looseObject({
      retry_after: z.number().nonnegative().optional().catch(undefined),
      migrate_to_chat_id: id.optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});
export const sentMessage = z.looseObject({ message_id: id, chat: z.looseObject({ id }) });
export const me = z.looseObject({ id, username: text.optional(), first_name: text.optional() });
export const fileInfo = z.looseObject({ file_path: text.min(1).optional(), file_size: z.int().optional() });
export const webhookInfo = z.looseObject({
  url: text.default(''),
  pending_update_count: z.int().default(0),
  last_error_date: z.int().optional(),
  last_error_message: text.optional(),
});
