/** What the widget posts: one of text, choice or image, under an id the browser made. Unknown fields are dropped. */
import { z } from 'zod';

export const visitorMessageSchema = z.union([
  z.object({ clientMessageId: z.uuid(), text: z.string().min(1) }),
  z.object({
    clientMessageId: z.uuid(),
    choice: z.object({ id: z.string().min(1).max(200), label: z.string().min(1).max(200) }),
  }),
  z.object({ clientMessageId: z.uuid(), mediaId: z.string(), caption: z.string().max(2000).optional() }),
]);
export type VisitorMessage = z.infer<typeof visitorMessageSchema>;

/** Images a visitor may send, by the ending their upload id carries. */
export const UPLOAD_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
};

/**
 * Where an upload waits until its message has arrived. Made of the inbox and the visitor of the *session*, so that a visitor can
 * name nobody else's upload.
 */
export function uploadKey(inboxId: string, visitorId: string, uploadId: string): string {
  return `uploads/${inboxId}/${visitorId}/${uploadId}`;
}

export function uploadMimeType(uploadId: string): string | null {
  const [, ending = ''] = /^[0-9a-f-]{36}\.([a-z]{3,4})$/.exec(uploadId) ?? [];
  return UPLOAD_TYPES[ending] ?? null;
}
