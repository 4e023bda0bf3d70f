/** Browser-safe facts both Instagram channels share. */
import { z } from 'zod';

const id = z
  .string()
  .trim()
  .regex(/^\d+$/, 'An Instagram account id is a number, such as 17841400000000000.');

/** One professional account, reached in one of two ways: by itself (Instagram Login) or through its Facebook Page (Facebook Login). */
export const instagramCredentials = z.object({
  /** The professional account's id, the one that webhooks carry (`user_id` of /me). */
  instagramUserId: id.meta({
    title: 'Instagram account id',
    description: 'The professional account’s id, as /me answers it in `user_id`.',
    examples: ['17841400000000000'],
  }),
  /** Instagram Login: the account's user token. Facebook Login: the token of the Page it is linked to. */
  accessToken: z.string().trim().min(1, 'The access token is missing.').meta({
    title: 'Access token',
    description: 'The account’s own with Instagram Login; its Page’s with Facebook Login.',
  }),
  login: z.enum(['instagram', 'facebook']).meta({
    title: 'Connected by',
    options: { instagram: 'Instagram Login', facebook: 'Facebook Login, through its Page' },
  }),
  /** Instagram Login: the same account's id for this app only. Filled in by `connect`, as all that follow. */
  scopedId: id.optional().meta({ readOnly: true }),
  username: z.string().optional().meta({ readOnly: true }),
  /** Facebook Login: the Page whose webhook subscription and token carry the account. */
  pageId: id.optional().meta({ readOnly: true }),
  /** When the token ends at the latest, ISO 8601; absent = it doesn't, or nobody said. */
  tokenExpiresAt: z.iso.datetime().optional().meta({ readOnly: true }),
});
export type InstagramCredentials = z.infer<typeof instagramCredentials>;

export const sandboxInstagram = (digits: string): InstagramCredentials => ({
  instagramUserId: `17841${digits}`,
  accessToken: `sandbox-17841${digits}`,
  login: 'instagram',
});

export const instagramSecrets = ['accessToken'] as const;

export const instagramUrls = {
  graph: { env: 'META_GRAPH_URL', real: 'https://graph.facebook.com', sandboxPath: '/sandbox/meta/graph' },
  dialog: { env: 'META_DIALOG_URL', real: 'https://www.facebook.com', sandboxPath: '/sandbox/meta/dialog' },
  oauth: { env: 'META_OAUTH_URL', real: 'https://graph.facebook.com', sandboxPath: '/sandbox/meta/graph' },
  instagramGraph: {
    env: 'INSTAGRAM_GRAPH_URL',
    real: 'https://graph.instagram.com',
    sandboxPath: '/sandbox/meta/instagram',
  },
  instagramOauth: {
    env: 'INSTAGRAM_OAUTH_URL',
    real: 'https://api.instagram.com',
    sandboxPath: '/sandbox/meta/instagram-oauth',
  },
  instagramDialog: {
    env: 'INSTAGRAM_DIALOG_URL',
    real: 'https://www.instagram.com',
    sandboxPath: '/sandbox/meta/instagram-dialog',
  },
} as const;
