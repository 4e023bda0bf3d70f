/** Bodies as CONTRACT "Webhooks" names them. Unknown fields pass. */
import { z } from 'zod';

const id = z.union([z.string().min(1).max(512), z.int().transform(String)]);
const optionalText = z.string().nullish();

const attachment = z.looseObject({
  url: z.url({ protocol: /^https?$/ }).nullish(),
  base64: z.base64().min(1).nullish(),
  name: optionalText,
  mimeType: optionalText,
});

export const inboundBody = z.looseObject({
  id,
  from: z.looseObject({ id, name: optionalText, email: optionalText, phone: optionalText }),
  text: optionalText,
  attachments: z
    .array(attachment.refine((item) => item.url || item.base64, 'An attachment needs url or base64.'))
    .max(20)
    .nullish(),
  sentAt: z.iso
    .datetime({ offset: true })
    .refine((text) => Date.parse(text) >= 0, 'The time lies before 1970.')
    .nullish(),
});
export type InboundBody = z.infer<typeof inboundBody>;

export const callbackAnswer = z.looseObject({ id: id.nullish() });
