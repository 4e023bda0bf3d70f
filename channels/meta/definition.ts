/** What the definitions of Meta's channels share. */
import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

/** A Facebook page and the token to act for it. */
export const pageCredentials = z.object({
  pageId: z
    .string()
    .trim()
    .regex(/^\d+$/, 'A page id is a number, found in the page’s “About” section.')
    .meta({ title: 'Page ID', description: 'In the page’s “About” section, under page transparency.' }),
  pageAccessToken: z.string().trim().min(1, 'The page’s access token is missing.').meta({
    title: 'Page access token',
    description: 'Made for this page by somebody who may manage it.',
  }),
  /** Filled in by `connect`: the app the token was made for. */
  appId: z.string().optional().meta({ readOnly: true }),
});
export type PageCredentials = z.infer<typeof pageCredentials>;

export const sandboxPage = (digits: string): PageCredentials => ({
  pageId: `10${digits}`,
  pageAccessToken: `sandbox-page-10${digits}`,
});

export const metaUrls = {
  graph: { env: 'META_GRAPH_URL', real: 'https://graph.facebook.com', sandboxPath: '/sandbox/meta/graph' },
  dialog: { env: 'META_DIALOG_URL', real: 'https://www.facebook.com', sandboxPath: '/sandbox/meta/dialog' },
  oauth: { env: 'META_OAUTH_URL', real: 'https://graph.facebook.com', sandboxPath: '/sandbox/meta/graph' },
} as const satisfies ChannelDefinition['providerUrls'];
