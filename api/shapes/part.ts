import { z } from '@hono/zod-openapi';
import { RING_STRATEGIES } from '#domain/call.ts';
import { isMedia, type Part } from '#domain/message.ts';

const mediaPart = z.object({
  kind: z.enum(['image', 'audio', 'video', 'file']),
  mediaId: z.string(),
  /** Signed, good for some hours. */
  url: z.string(),
  /** Only while the bytes aren't there: still being fetched from the provider, or not to be had (then why). */
  state: z.enum(['pending', 'failed']).optional(),
  reason: z.string().optional(),
  mimeType: z.string(),
  name: z.string().optional(),
  sizeBytes: z.number().optional(),
  caption: z.string().optional(),
});

const address = z.object({ address: z.string(), name: z.string().optional() });

/** What a message is made of. Kinds are added over time: ignore those you don't know. */
export const partShape = z
  .union([
    z.object({ kind: z.literal('text'), text: z.string() }),
    mediaPart,
    z.object({ kind: z.literal('location'), lat: z.number(), lon: z.number(), name: z.string().optional() }),
    z.object({
      kind: z.literal('contact_card'),
      name: z.string(),
      phones: z.array(z.string()).optional(),
      emails: z.array(z.string()).optional(),
    }),
    z.object({
      kind: z.literal('choices'),
      text: z.string(),
      options: z.array(z.object({ id: z.string(), label: z.string() })),
    }),
    z.object({ kind: z.literal('choice_reply'), id: z.string(), label: z.string() }),
    z.object({
      kind: z.literal('template'),
      name: z.string(),
      language: z.string().optional(),
      params: z.unknown().optional(),
    }),
    z.object({
      kind: z.literal('comment'),
      text: z.string(),
      commentId: z.string().optional(),
      postId: z.string().optional(),
      permalink: z.string().optional(),
    }),
    z.object({
      kind: z.literal('call'),
      /** incoming, dialling, ringing, answered, no_answer, said, gathered, held, resumed, transferred, voicemail, recording, ended, missed, failed; what a flow asks: say, gather, ring, voicemail, hang_up. */
      event: z.string(),
      durationSeconds: z.number().optional(),
      direction: z.enum(['in', 'out']).optional(),
      from: z.string().optional(),
      to: z.string().optional(),
      by: z.object({ id: z.string().optional(), name: z.string().optional() }).optional(),
      digits: z.string().optional(),
      speech: z.string().optional(),
      reason: z.string().optional(),
      code: z.string().optional(),
      ref: z.string().optional(),
      /** What a flow asks of the call, by `do`. */
      instruction: z
        .object({
          do: z.enum(['say', 'gather', 'ring', 'voicemail', 'hang_up']),
          text: z.string().optional(),
          voice: z.string().optional(),
          language: z.string().optional(),
          input: z.enum(['digits', 'speech', 'both']).optional(),
          numDigits: z.number().optional(),
          timeoutSeconds: z.number().optional(),
          agentIds: z.array(z.string()).optional(),
          teamId: z.string().optional(),
          strategy: z.enum(RING_STRATEGIES).optional(),
          maxSeconds: z.number().optional(),
        })
        .optional(),
    }),
    z.object({
      kind: z.literal('email'),
      subject: z.string(),
      from: address.optional(),
      to: z.array(address).optional(),
      cc: z.array(address).optional(),
      bcc: z.array(address).optional(),
      /** The original has an HTML body, or says more than the text part. */
      html: z.literal(true).optional(),
      folded: z.literal(true).optional(),
      authentication: z
        .object({
          verdict: z.enum(['pass', 'fail', 'none']),
          spf: z.string().optional(),
          dkim: z.string().optional(),
          dmarc: z.string().optional(),
        })
        .optional(),
      automatic: z.enum(['auto_reply', 'bounce', 'list', 'own']).optional(),
    }),
    z.object({ kind: z.literal('unsupported'), what: z.string() }),
  ])
  .openapi('Part');
export type PartWire = z.infer<typeof partShape>;

/** Media that have no bytes, by id. */
export type MissingMedia = ReadonlyMap<string, { state: 'pending' | 'failed'; reason?: string }>;

/** Stored parts with links that open. */
export function toParts(
  parts: readonly Part[],
  link: (mediaId: string) => string,
  missing?: MissingMedia,
): PartWire[] {
  return parts.map((part) =>
    isMedia(part)
      ? {
          ...part,
          url: part.mediaId === '' ? (part.url ?? '') : link(part.mediaId),
          ...missing?.get(part.mediaId),
        }
      : part,
  );
}
