/** What the widget posts, under ids the browser made. Unknown fields are dropped. */
import { z } from 'zod';

/** One of text, choice or upload. */
export const visitorMessageSchema = z.union([
  z.object({ clientMessageId: z.uuid(), text: z.string().min(1) }),
  z.object({
    clientMessageId: z.uuid(),
    choice: z.object({ id: z.string().min(1).max(200), label: z.string().min(1).max(200) }),
  }),
  z.object({
    clientMessageId: z.uuid(),
    mediaId: z.string(),
    /** As the file was called. */
    name: z.string().max(255).optional(),
    caption: z.string().max(2000).optional(),
  }),
]);
export type VisitorMessage = z.infer<typeof visitorMessageSchema>;

/** The visitor's browser has these messages, or showed them to somebody. */
export const receiptSchema = z.object({
  receipt: z.object({
    status: z.enum(['delivered', 'read']),
    messageIds: z.array(z.uuid()).min(1).max(100),
  }),
});
export type Receipt = z.infer<typeof receiptSchema>['receipt'];

/** `POST typing`: begun, or given up. */
export const typingSchema = z.object({ typing: z.boolean() });

/** `POST pre-chat`: answers by the questions' keys, or none where nothing is required. */
export const preChatAnswersSchema = z.object({
  answers: z.record(z.string().max(40), z.string().max(2000)).default({}),
  consent: z.boolean().default(false),
  /** The browser's, for what is sent to them later. */
  language: z.string().max(35).optional(),
});

/** `POST fields`: what the page knows of its visitor, vouched for by nobody; null takes one away. */
export const fieldsSchema = z.object({
  fields: z
    .record(
      z.string().regex(/^[a-zA-Z][\w-]{0,39}$/),
      z.union([z.string().max(500), z.number(), z.boolean(), z.null()]),
    )
    .refine((fields) => Object.keys(fields).length <= 30, 'At most 30 fields at once.'),
});

/** `POST identify`; see `Identity` in studio-ui/widget/protocol.ts. */
export const identitySchema = z.object({
  externalId: z
    .string()
    .min(1)
    .max(200)
    .regex(/^\P{Cc}+$/u, 'An id has no control characters.'),
  name: z.string().trim().max(200).optional(),
  email: z.string().trim().max(254).optional(),
  phone: z.string().trim().max(40).optional(),
  hash: z.string().max(200),
  exp: z.int().positive().optional(),
});
export type Identity = z.infer<typeof identitySchema>;

/** `POST surveys/<id>`: the score (thumbs 1–2, faces 1–5), later with words. */
export const surveyAnswerSchema = z.object({
  score: z.int().min(1).max(5),
  comment: z.string().trim().max(2000).default(''),
});

/**
 * Where an upload waits until its message has arrived. Made of the inbox and the visitor of the *session*, so that a visitor can
 * name nobody else's upload.
 */
export function uploadKey(inboxId: string, visitorId: string, uploadId: string): string {
  return `uploads/${inboxId}/${visitorId}/${uploadId}`;
}
