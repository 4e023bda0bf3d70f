import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';
import { metaUrls, pageCredentials, sandboxPage, type PageCredentials } from '../meta/definition.ts';

const settings = z.object({
  /** How choices are offered: replies above the customer's keyboard, or buttons that stay in the chat (three at most). */
  choices: z
    .enum(['quick_replies', 'buttons'])
    .default('quick_replies')
    .meta({
      title: 'How choices are offered',
      options: {
        quick_replies: 'Replies above the customer’s keyboard',
        buttons: 'Buttons that stay in the chat, three at most',
      },
    }),
  /** Meta has granted the app the Human Agent permission: people may answer for seven days. */
  humanAgent: z.boolean().default(false).meta({
    title: 'Human Agent is granted',
    description:
      'Meta has approved the Human Agent permission for the app: people may answer for seven days.',
  }),
});

export const messengerDefinition: ChannelDefinition<PageCredentials> = {
  type: 'messenger',
  title: 'Messenger',
  description: 'Direct messages to a Facebook page.',
  credentials: pageCredentials,
  secretFields: ['pageAccessToken'],
  settings,
  capabilities: {
    maxTextLength: 2000,
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
  reports: { delivered: true, read: true, edits: true, deletes: true, reactions: true, echoes: true },
  webhook: { kind: 'app', app: 'meta' },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: sandboxPage,
  providerUrls: metaUrls,
};
