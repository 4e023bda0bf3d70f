/** What we read of Messenger's events, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';
import { id, optionalId, optionalText, optionalTime } from '../meta/wire.ts';

const party = z.looseObject({ id: optionalId, user_ref: optionalText }).optional().catch(undefined);

/** The frame of every item of `messaging[]` and `standby[]`. */
export const item = z.looseObject({ sender: party, recipient: party, timestamp: optionalTime });
export type Item = z.infer<typeof item>;

export const attachment = z.looseObject({
  type: z.string().min(1),
  title: optionalText,
  url: optionalText,
  payload: z
    .looseObject({
      url: optionalText,
      title: optionalText,
      text: optionalText,
      subtitle: optionalText,
      sticker_id: optionalId,
      coordinates: z
        .looseObject({ lat: z.number().min(-90).max(90), long: z.number().min(-180).max(180) })
        .optional()
        .catch(undefined),
      buttons: z.array(z.unknown()).optional().catch(undefined),
      elements: z.array(z.unknown()).optional().catch(undefined),
      product: z
        .looseObject({ elements: z.array(z.unknown()).catch([]) })
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});
export type Attachment = z.infer<typeof attachment>;
export const titled = z.looseObject({ title: z.string().min(1), subtitle: optionalText });

const referral = z.looseObject({
  ref: optionalText,
  source: optionalText,
  type: optionalText,
  ad_id: optionalId,
});

export const message = z.looseObject({
  mid: id,
  text: optionalText,
  attachments: z.array(z.unknown()).optional().catch(undefined),
  quick_reply: z
    .looseObject({ payload: z.string().min(1) })
    .optional()
    .catch(undefined),
  reply_to: z.looseObject({ mid: optionalId }).optional().catch(undefined),
  referral: referral.optional().catch(undefined),
  is_echo: z.boolean().optional().catch(undefined),
  is_deleted: z.boolean().optional().catch(undefined),
  app_id: optionalId,
  metadata: optionalText,
});
export type Message = z.infer<typeof message>;

export const postback = z.looseObject({
  mid: optionalId,
  title: optionalText,
  payload: optionalText,
  referral: referral.optional().catch(undefined),
});
export const reaction = z.looseObject({
  mid: id,
  action: optionalText,
  reaction: optionalText,
  emoji: optionalText,
});
export const delivery = z.looseObject({
  mids: z.array(z.unknown()).optional().catch(undefined),
  watermark: optionalTime,
});
export const read = z.looseObject({ watermark: optionalTime, mid: optionalId });
export const edit = z.looseObject({ mid: id, text: optionalText, num_edit: optionalId });
export const referralEvent = referral;
export const optin = z.looseObject({
  type: optionalText,
  ref: optionalText,
  payload: optionalText,
  title: optionalText,
});
export const handover = z.looseObject({
  new_owner_app_id: optionalId,
  previous_owner_app_id: optionalId,
  requested_owner_app_id: optionalId,
});
export const policy = z.looseObject({ action: optionalText, reason: optionalText });
export { id as midOf };

// Answers ------------------------------------------------------------------------------------------------------------
export const profile = z.looseObject({
  name: optionalText,
  first_name: optionalText,
  last_name: optionalText,
  profile_pic: optionalText,
});
export const conversations = z.looseObject({
  data: z.array(
    z.looseObject({
      participants: z.looseObject({ data: z.array(z.looseObject({ id, name: optionalText })) }),
    }),
  ),
});
