/** What the definitions of Meta's channels share. */
import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

/** A Facebook page and the token to act for it. */
export const pageCredentials = z.object({
  pageId: z.string().trim().regex(/^\d+$/, 'A page id is a number, found in the page’s “About” section.'),
  pageAccessToken: z.string().trim().min(1, 'The page’s access token is missing.'),
  /** Filled in by `connect`: the app the token was made for. */
  appId: z.string().optional(),
});
export type PageCredentials = z.infer<typeof pageCredentials>;

export const metaUrls = {
  graph: { env: 'META_GRAPH_URL', real: 'https://graph.facebook.com', sandboxPath: '/sandbox/meta/graph' },
  dialog: { env: 'META_DIALOG_URL', real: 'https://www.facebook.com', sandboxPath: '/sandbox/meta/dialog' },
  oauth: { env: 'META_OAUTH_URL', real: 'https://graph.facebook.com', sandboxPath: '/sandbox/meta/graph' },
} as const satisfies ChannelDefinition['providerUrls'];
