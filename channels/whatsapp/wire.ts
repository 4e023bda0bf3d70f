/** What we read of WhatsApp's webhooks, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';

/** Ids are strings; one that came as a number is written as one. */
export const id = z.union([z.string().min(1), z.int().transform(String)]);
const maybeId = id.optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const objects = z.array(z.unknown()).optional().catch(undefined);
/** Unix seconds as a string or number, before the year 2100: what comes out is a date everywhere. */
const time = z.coerce.number().int().min(1).max(4_102_444_800).optional().catch(undefined);

export const envelope = z.looseObject({
  object: z.literal('whatsapp_business_account'),
  entry: z.array(z.unknown()),
});
export const entry = z.looseObject({
  id: maybeId,
  time,
  changes: z.array(z.unknown()).catch([]),
});
export const change = z.looseObject({ field: z.string().min(1), value: z.looseObject({}) });
export type Value = z.infer<typeof change>['value'];

/** The frame of field `messages` and its kin; each list is read item by item. */
export const value = z.looseObject({
  contacts: objects,
  messages: objects,
  statuses: objects,
  errors: objects,
  message_echoes: objects,
  history: objects,
  state_sync: objects,
  user_id_update: objects,
  user_preferences: objects,
  calls: objects,
});

export const contact = z.looseObject({
  wa_id: maybeId,
  user_id: maybeId,
  parent_user_id: maybeId,
  profile: z.looseObject({ name: text, username: text }).optional().catch(undefined),
});
export type Contact = z.infer<typeof contact>;

export const error = z.looseObject({
  code: z.int().optional().catch(undefined),
  title: text,
  message: text,
  error_data: z.looseObject({ details: text }).optional().catch(undefined),
});
const errors = z.array(error.catch({})).optional().catch(undefined);

/** The frame of a message or echo; its content is read by type in parts.ts. */
export const message = z.looseObject({
  id,
  type: z.string().min(1).catch('unknown'),
  timestamp: time,
  from: maybeId,
  from_user_id: maybeId,
  from_parent_user_id: maybeId,
  to: maybeId,
  to_user_id: maybeId,
  to_parent_user_id: maybeId,
  group_id: maybeId,
  context: z.looseObject({ id: maybeId }).optional().catch(undefined),
  errors,
});
export type Message = z.infer<typeof message>;

export const status = z.looseObject({
  id,
  status: z.string().min(1),
  timestamp: time,
  recipient_participant_id: maybeId,
  biz_opaque_callback_data: maybeId,
  errors,
});

// Contents ------------------------------------------------------------------------------------------------------------
export const textContent = z.looseObject({ body: z.string().min(1) });
export const media = z.looseObject({
  id,
  mime_type: text,
  caption: text,
  filename: text,
});
const coordinate = (most: number): z.ZodType<number> => z.coerce.number().min(-most).max(most);
export const location = z.looseObject({
  latitude: coordinate(90),
  longitude: coordinate(180),
  name: text,
  address: text,
});
export const card = z.looseObject({
  name: z
    .looseObject({ formatted_name: text, first_name: text, last_name: text })
    .optional()
    .catch(undefined),
  phones: z
    .array(z.looseObject({ phone: text, wa_id: text }).catch({}))
    .optional()
    .catch(undefined),
  emails: z
    .array(z.looseObject({ email: text }).catch({}))
    .optional()
    .catch(undefined),
});
export const chosen = z.looseObject({ id: z.string().min(1), title: text });
export const formReply = z.looseObject({ name: text, body: text, response_json: text });
export const quickReply = z.looseObject({ payload: text, text });
export const order = z.looseObject({
  text,
  product_items: z.array(
    z
      .looseObject({
        product_retailer_id: maybeId,
        quantity: z.coerce.number().optional().catch(undefined),
        item_price: z.coerce.number().optional().catch(undefined),
        currency: text,
      })
      .catch({}),
  ),
});
export const reaction = z.looseObject({ message_id: id, emoji: text });
export const revoke = z.looseObject({ original_message_id: id });
export const edit = z.looseObject({
  original_message_id: id,
  message: z.looseObject({ type: z.string().min(1).catch('unknown') }),
});
export const unsupported = z.looseObject({ type: text });
export const system = z.looseObject({
  type: text,
  wa_id: maybeId,
  new_wa_id: maybeId,
  user_id: maybeId,
  parent_user_id: maybeId,
  previous_user_id: maybeId,
  previous_parent_user_id: maybeId,
});
const renamed = z.looseObject({ previous: maybeId, current: maybeId }).optional().catch(undefined);
export const userIdUpdate = z.looseObject({
  wa_id: maybeId,
  user_id: renamed,
  parent_user_id: renamed,
  timestamp: maybeId,
});
export const userPreference = z.looseObject({
  wa_id: maybeId,
  user_id: maybeId,
  category: text,
  value: text,
  timestamp: maybeId,
});
export const call = z.looseObject({
  id,
  event: z.string().min(1),
  timestamp: time,
  from: maybeId,
  from_user_id: maybeId,
  from_parent_user_id: maybeId,
  direction: text,
  duration: z.coerce.number().nonnegative().optional().catch(undefined),
});
