import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

const credentials = z.object({
  /** Basic settings → Channel secret; signs webhooks. */
  channelSecret: z
    .string()
    .trim()
    .regex(
      /^[0-9a-zA-Z]{16,64}$/,
      'A channel secret is 32 letters and digits, from the channel’s basic settings.',
    )
    .meta({
      title: 'Channel secret',
      description: 'LINE Developers console → your Messaging API channel → Basic settings.',
    }),
  /** Messaging API → Channel access token (long-lived). */
  channelAccessToken: z
    .string()
    .trim()
    .regex(
      /^[\w+/=.-]{16,}$/,
      'A channel access token is one long word, from the channel’s Messaging API tab.',
    )
    .meta({
      title: 'Channel access token',
      description: 'The long-lived one, issued at the end of the Messaging API tab.',
    }),
  /** Filled in by `connect`: shown before a video plays, where the inbox names no picture of its own. */
  pictureUrl: z.string().max(2000).optional().meta({ readOnly: true }),
});
export type LineCredentials = z.infer<typeof credentials>;

const settings = z.object({
  /** LINE shows no video without a still before it: the https address of a JPEG or PNG. */
  videoPreviewUrl: z
    .string()
    .startsWith('https://', 'Give an address that begins with https://.')
    .max(2000)
    .optional()
    .meta({
      title: 'Still for videos',
      description: 'LINE shows no video without a still before it: the https address of a JPEG or PNG.',
    }),
});

export const lineDefinition: ChannelDefinition<LineCredentials> = {
  type: 'line',
  title: 'LINE',
  description: 'Conversations and groups of a LINE Official Account.',
  credentials,
  secretFields: ['channelSecret', 'channelAccessToken'],
  settings,
  capabilities: {
    maxTextLength: 5000,
    image: true,
    audio: true,
    video: true,
    file: false,
    maxCaptionLength: 0,
    choices: { max: 13, maxLabelLength: 20 },
    location: true,
    quote: true,
    typing: true,
    marksRead: true,
  },
  reports: { edits: true, deletes: true },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: (digits) => ({
    channelSecret: `sandbox${digits}`.padEnd(32, '0'),
    channelAccessToken: `sandbox-line-${digits}`,
  }),
  providerUrls: {
    api: { env: 'LINE_API_URL', real: 'https://api.line.me', sandboxPath: '/sandbox/line/api' },
    data: { env: 'LINE_DATA_URL', real: 'https://api-data.line.me', sandboxPath: '/sandbox/line/data' },
    stickers: {
      env: 'LINE_STICKER_URL',
      real: 'https://stickershop.line-scdn.net',
      sandboxPath: '/sandbox/line/stickers',
    },
  },
};
