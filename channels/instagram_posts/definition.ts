import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';
import {
  instagramCredentials,
  instagramSecrets,
  instagramUrls,
  sandboxInstagram,
  type InstagramCredentials,
} from '../instagram/definition.ts';

export const instagramPostsDefinition: ChannelDefinition<InstagramCredentials> = {
  type: 'instagram_posts',
  title: 'Instagram Posts',
  description:
    'Comments on posts, reels, ads and live videos of an Instagram professional account, and mentions of it.',
  credentials: instagramCredentials,
  secretFields: instagramSecrets,
  settings: z.object({}),
  capabilities: {
    // A private reply's limit, which is the smaller one: comments may have 2,200 characters.
    maxTextLength: 1000,
    textUnit: 'utf8',
    image: false,
    audio: false,
    video: false,
    file: false,
    maxCaptionLength: 0,
    choices: null,
    location: false,
    quote: true,
    privateReply: true,
  },
  reports: { echoes: true },
  // Instagram's API likes no comments, and an edit or a removal by the writer is not told.
  actions: ['hide', 'unhide', 'delete'],
  webhook: { kind: 'app', app: 'meta' },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: sandboxInstagram,
  providerUrls: instagramUrls,
};
