/** What we read of Instagram, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';

export const text = z.string();
const some = text.min(1).optional().catch(undefined);
/** Ids come as text; a number is one that somebody forgot to quote. */
export const id = z.union([text.min(1), z.int().transform(String)]);
const idOrNone = id.optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const LATEST_MS = 4_102_444_800_000;
/** Unix time before the year 2100, in milliseconds; comments' notifications count seconds. */
export const time = z
  .union([z.int(), text.regex(/^\d{1,15}$/).transform(Number)])
  .transform((value) => (value < 100_000_000_000 ? value * 1000 : value))
  .pipe(z.int().min(0).max(LATEST_MS))
  .optional()
  .catch(undefined);

const party = z.looseObject({ id });

/** The frame of everything that comes under `messaging`. */
export const item = z.looseObject({
  sender: party.optional().catch(undefined),
  recipient: party.optional().catch(undefined),
  timestamp: time,
});
export type Item = z.infer<typeof item>;

export const attachment = z.looseObject({
  type: some,
  payload: z
    .looseObject({
      url: some,
      title: some,
      id: idOrNone,
      ig_post_media_id: idOrNone,
      reel_video_id: idOrNone,
    })
    .optional()
    .catch(undefined),
});
export const referral = z.looseObject({
  ref: some,
  source: some,
  type: some,
  ad_id: idOrNone,
  referer_uri: some,
  product: z.looseObject({ id: idOrNone }).optional().catch(undefined),
  ads_context_data: z.looseObject({ ad_title: some, post_id: idOrNone }).optional().catch(undefined),
});
export const message = z.looseObject({
  mid: id,
  text: text.optional().catch(undefined),
  is_echo: flag,
  is_deleted: flag,
  is_unsupported: flag,
  is_self: flag,
  app_id: idOrNone,
  attachments: z.array(z.unknown()).optional().catch(undefined),
  quick_reply: z.looseObject({ payload: text }).optional().catch(undefined),
  reply_to: z
    .looseObject({
      mid: idOrNone,
      story: z.looseObject({ id: idOrNone, url: some }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  referral: referral.optional().catch(undefined),
});
export type Message = z.infer<typeof message>;

export const postback = z.looseObject({
  mid: idOrNone,
  title: some,
  payload: some,
  referral: referral.optional().catch(undefined),
});
export const reaction = z.looseObject({ mid: id, action: some, reaction: some, emoji: some });
export const seen = z.looseObject({ mid: idOrNone, watermark: time });
export const messageEdit = z.looseObject({
  mid: id,
  text: text.optional().catch(undefined),
  num_edit: z
    .union([z.int(), text.regex(/^\d+$/).transform(Number)])
    .optional()
    .catch(undefined),
});

export const comment = z.looseObject({
  id,
  text: text.optional().catch(undefined),
  from: z
    .looseObject({ id: idOrNone, username: some, self_ig_scoped_id: idOrNone })
    .optional()
    .catch(undefined),
  media: z
    .looseObject({ id: idOrNone, media_product_type: some, ad_id: idOrNone, ad_title: some })
    .optional()
    .catch(undefined),
  parent_id: idOrNone,
  timestamp: time,
});
export type Comment = z.infer<typeof comment>;
export const mention = z.looseObject({ media_id: id, comment_id: idOrNone });

// Answers ------------------------------------------------------------------------------------------------------------
export const sentMessage = z.looseObject({ message_id: id });
export const sentComment = z.looseObject({ id });
/** Of graph.instagram.com: `user_id` is what webhooks carry, `id` is for this app only. */
export const instagramMe = z.looseObject({
  id: idOrNone,
  user_id: idOrNone,
  username: some,
  name: some,
  account_type: some,
});
export const pageMe = z.looseObject({
  id,
  name: some,
  instagram_business_account: z.looseObject({ id, username: some }).optional().catch(undefined),
});
export const subscribedApps = z.looseObject({
  data: z.array(
    z.looseObject({ id: idOrNone, subscribed_fields: z.array(text).optional().catch(undefined) }),
  ),
});
export const tokenFacts = z.looseObject({
  data: z.looseObject({
    is_valid: flag,
    expires_at: z.int().nonnegative().optional().catch(undefined),
    data_access_expires_at: z.int().nonnegative().optional().catch(undefined),
  }),
});
export const refreshedToken = z.looseObject({ access_token: text.min(1), expires_in: z.int().positive() });
export const profile = z.looseObject({ name: some, username: some, profile_pic: some });
export const mentioned = z.looseObject({
  mentioned_comment: z
    .looseObject({
      text: some,
      username: some,
      timestamp: some,
      media: z.looseObject({ permalink: some }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  mentioned_media: z
    .looseObject({ caption: some, username: some, timestamp: some, permalink: some })
    .optional()
    .catch(undefined),
});
export const writer = z.looseObject({
  username: some,
  from: z.looseObject({ username: some }).optional().catch(undefined),
});
