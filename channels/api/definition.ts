import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';
import type { ChannelDefinition } from '../contract.ts';

const credentials = z.object({
  /** Where replies are posted. */
  callbackUrl: z.url({ protocol: /^https?$/, error: 'Give the http(s) address that takes replies.' }).meta({
    title: 'Callback URL',
    description: 'Replies are posted here as JSON, signed with the inbox’s secret.',
    examples: ['https://example.com/teloring/replies'],
  }),
  /** Whether the receiver drops repeats of one Idempotency-Key, so that an unconfirmed reply may be sent again. */
  idempotent: z.boolean().optional().meta({
    title: 'My receiver ignores repeats',
    description:
      'It drops a second request with the same Idempotency-Key, so an unconfirmed reply may be sent again.',
  }),
  /** Signs both directions. Made by `connect` and shown once; an admin may bring one of at least 32 characters. */
  secret: z.string().min(32).optional().meta({ readOnly: true }),
});
export type ApiCredentials = z.infer<typeof credentials>;

export const apiDefinition: ChannelDefinition<ApiCredentials> = {
  type: 'api',
  title: 'API',
  description: 'An inbox of your own making: signed webhooks in, signed callbacks out.',
  credentials,
  secretFields: ['secret'],
  settings: z.object({}) satisfies z.ZodType<JsonObject>,
  capabilities: {
    maxTextLength: 1_000_000,
    image: true,
    audio: true,
    video: true,
    file: true,
    maxCaptionLength: 1_000_000,
    choices: { max: 100, maxLabelLength: 1_000 },
    location: true,
    severalParts: true,
    quote: true,
  },
  reports: { delivered: true, read: true },
  needsPublicUrl: false,
  hasSandbox: false,
  providerUrls: {},
};
