import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';
import {
  instagramCredentials,
  instagramSecrets,
  instagramUrls,
  sandboxInstagram,
  type InstagramCredentials,
} from '../instagram/definition.ts';

const settings = z.object({
  /** Meta approved the Human Agent feature for the app: people may answer for seven days. */
  humanAgent: z.boolean().default(false).meta({
    title: 'Human Agent is granted',
    description:
      'Meta has approved the Human Agent permission for the app: people may answer for seven days.',
  }),
});

export const instagramDmDefinition: ChannelDefinition<InstagramCredentials> = {
  type: 'instagram_dm',
  title: 'Instagram Direct Message',
  description: 'Direct messages, story replies and story mentions of an Instagram professional account.',
  credentials: instagramCredentials,
  secretFields: instagramSecrets,
  settings,
  capabilities: {
    maxTextLength: 1000,
    textUnit: 'utf8',
    image: true,
    audio: true,
    video: true,
    file: true,
    maxCaptionLength: 0,
    choices: { max: 13, maxLabelLength: 20 },
    location: false,
    quote: true,
    typing: true,
    marksRead: true,
    window: { kind: 'hours', hours: 24, humanHours: 168 },
  },
  reports: { read: true, edits: true, deletes: true, reactions: true, echoes: true },
  webhook: { kind: 'app', app: 'meta' },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: sandboxInstagram,
  providerUrls: instagramUrls,
};
