import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';
import { metaUrls, pageCredentials, sandboxPage, type PageCredentials } from '../meta/definition.ts';

export const facebookPageDefinition: ChannelDefinition<PageCredentials> = {
  type: 'facebook_page',
  title: 'Facebook page',
  description: 'Comments, visitors’ posts and mentions of a Facebook page.',
  credentials: pageCredentials,
  secretFields: ['pageAccessToken'],
  settings: z.object({}),
  capabilities: {
    maxTextLength: 8000,
    image: true,
    audio: false,
    video: false,
    file: false,
    maxCaptionLength: 8000,
    choices: null,
    location: false,
    quote: true,
    privateReply: true,
  },
  reports: { edits: true, deletes: true, echoes: true },
  actions: ['hide', 'unhide', 'like', 'unlike', 'delete'],
  webhook: { kind: 'app', app: 'meta' },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: sandboxPage,
  providerUrls: metaUrls,
};
