/** What the Graph API answers, as far as we read it. */
import { z } from 'zod';
import { id } from './wire.ts';

const text = z.string().optional().catch(undefined);

export const accepted = z.looseObject({ messages: z.tuple([z.looseObject({ id })], z.unknown()) });
export const uploaded = z.looseObject({ id });
export const mediaPlace = z.looseObject({
  url: z.string().min(1),
  mime_type: text,
  file_size: z.coerce.number().nonnegative().optional().catch(undefined),
});

export const phoneNumber = z.looseObject({
  id,
  display_phone_number: text,
  verified_name: text,
  quality_rating: text,
  code_verification_status: text,
  platform_type: text,
});
/** Fields whose names come and go with the version: asked for one by one, since an unknown one fails the whole call. */
export const NUMBER_DETAILS = ['status', 'name_status', 'messaging_limit_tier', 'account_mode'] as const;
export const details = z.looseObject(
  Object.fromEntries(NUMBER_DETAILS.map((field) => [field, text])) as Record<
    (typeof NUMBER_DETAILS)[number],
    typeof text
  >,
);
export const healthStatus = z.looseObject({
  health_status: z.looseObject({
    can_send_message: z.string(),
    entities: z
      .array(
        z.looseObject({
          entity_type: text,
          can_send_message: text,
          errors: z
            .array(
              z.looseObject({ error_code: z.int().optional().catch(undefined), error_description: text }),
            )
            .optional()
            .catch(undefined),
        }),
      )
      .catch([]),
  }),
});

export const numbers = z.looseObject({
  data: z.array(z.looseObject({ id })),
  paging: z
    .looseObject({ next: text, cursors: z.looseObject({ after: text }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

const subscribedApp = z.looseObject({
  whatsapp_business_api_data: z.looseObject({ id }).optional().catch(undefined),
  id: id.optional().catch(undefined),
  override_callback_uri: text,
});
export const subscribedApps = z.looseObject({ data: z.array(subscribedApp) });
