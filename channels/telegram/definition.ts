import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

const credentials = z.object({
  /** From BotFather: the bot's id, a colon, the secret. */
  botToken: z
    .string()
    .trim()
    .regex(/^\d+:[\w-]+$/, 'A bot token looks like 123456789:AAE… and comes from @BotFather.'),
  /** Made by `connect`; Telegram repeats it with every update. */
  webhookSecret: z.string().min(16).max(256).optional(),
});
export type TelegramCredentials = z.infer<typeof credentials>;

const settings = z.object({
  /** How choices are offered: buttons under the message, or in place of the customer's keyboard. */
  choices: z.enum(['inline', 'keyboard']).default('inline'),
});

export const telegramDefinition: ChannelDefinition<TelegramCredentials> = {
  type: 'telegram',
  title: 'Telegram',
  description: 'Conversations with a Telegram bot.',
  credentials,
  secretFields: ['botToken', 'webhookSecret'],
  settings,
  capabilities: {
    maxTextLength: 4096,
    image: true,
    audio: true,
    video: true,
    file: true,
    maxCaptionLength: 1024,
    choices: { max: 100, maxLabelLength: 64 },
    location: true,
    quote: true,
    typing: true,
  },
  // Deletions and echoes come from business chats only.
  reports: { edits: true, deletes: true, reactions: true, echoes: true },
  needsPublicUrl: true,
  hasSandbox: true,
  providerUrls: {
    api: { env: 'TELEGRAM_API_URL', real: 'https://api.telegram.org', sandboxPath: '/sandbox/telegram' },
  },
};
