import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

const token = z
  .string()
  .trim()
  .regex(/^[\w.+/=!*-]{8,}$/, 'A token is one long word, as TikTok’s authorization gives it.');
const credentials = z.object({
  /** `open_id` of the authorization: the business account. */
  businessId: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .meta({ title: 'Business account id', description: 'The open_id that TikTok’s authorization answers.' }),
  accessToken: token.meta({
    title: 'Access token',
    description: 'Good for about a day; the refresh token renews it.',
  }),
  /** Changes with every use; good for about a year. */
  refreshToken: token
    .optional()
    .meta({ title: 'Refresh token', description: 'Without it the inbox ends with the access token.' }),
  /** When the access token ends, ISO 8601: about a day after the authorization. */
  accessTokenExpiresAt: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({
      title: 'Access token ends at',
      description: 'As TikTok’s authorization said.',
      examples: ['2027-01-31T12:00:00Z'],
    }),
});
export type TikTokCredentials = z.infer<typeof credentials>;

export const tikTokDefinition: ChannelDefinition<TikTokCredentials> = {
  type: 'tiktok',
  title: 'TikTok',
  description: 'Direct messages to a TikTok business account.',
  credentials,
  secretFields: ['accessToken', 'refreshToken'],
  settings: z.object({}),
  capabilities: {
    maxTextLength: 6000,
    image: true,
    audio: false,
    video: false,
    file: false,
    maxCaptionLength: 0,
    choices: { max: 3, maxLabelLength: 20 },
    location: false,
    quote: true,
    typing: true,
    marksRead: true,
    window: { kind: 'hours', hours: 48, most: 10 },
  },
  reports: { read: true, reactions: true, echoes: true },
  webhook: { kind: 'app', app: 'tiktok' },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: (digits) => ({
    businessId: `sandbox-${digits}`,
    accessToken: `sandbox-access-${digits}`,
    refreshToken: `sandbox-refresh-${digits}`,
  }),
  providerUrls: {
    api: {
      env: 'TIKTOK_API_URL',
      real: 'https://business-api.tiktok.com',
      sandboxPath: '/sandbox/tiktok/api',
    },
    auth: { env: 'TIKTOK_AUTH_URL', real: 'https://www.tiktok.com', sandboxPath: '/sandbox/tiktok/auth' },
  },
};
