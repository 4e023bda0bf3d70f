/** Bodies as CONTRACT "Webhooks" names them. Unknown fields pass. */
import { z } from 'zod';

const id = z.union([z.string().min(1).max(512), z.int().transform(String)]);
const optionalText = z.string().nullish();
const time = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) >= 0, 'The time lies before 1970.');

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
  /** What was chosen of the choices that a callback offered. */
  choice: z.looseObject({ id: z.string().min(1), label: optionalText }).nullish(),
  /** The message this one answers, by the id it was acknowledged with. */
  inReplyTo: id.nullish(),
  sentAt: time.nullish(),
});
export type InboundBody = z.infer<typeof inboundBody>;

/** How one of our messages fared: named by the id it was acknowledged with, or by the callback's `eventId`. */
export const statusBody = z.looseObject({
  status: z
    .looseObject({
      messageId: id.nullish(),
      eventId: id.nullish(),
      status: z.enum(['sent', 'delivered', 'read', 'failed']),
      error: z.looseObject({ message: optionalText, code: id.nullish() }).nullish(),
      at: time.nullish(),
    })
    .refine(({ messageId, eventId }) => messageId ?? eventId, 'A status needs messageId or eventId.'),
});

export const callbackAnswer = z.looseObject({ id: id.nullish() });
