import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

const credentials = z.object({
  /** From BotFather: the bot's id, a colon, the secret. */
  botToken: z
    .string()
    .trim()
    .regex(/^\d+:[\w-]+$/, 'A bot token looks like 123456789:AAE… and comes from @BotFather.')
    .meta({
      title: 'Bot token',
      description: 'In Telegram, write /newbot to @BotFather and copy the token it answers.',
      examples: ['123456789:AAE…'],
    }),
  /** Made by `connect`; Telegram repeats it with every update. */
  webhookSecret: z.string().min(16).max(256).optional().meta({ readOnly: true }),
});
export type TelegramCredentials = z.infer<typeof credentials>;

const settings = z.object({
  /** How choices are offered: buttons under the message, or in place of the customer's keyboard. */
  choices: z
    .enum(['inline', 'keyboard'])
    .default('inline')
    .meta({
      title: 'How choices are offered',
      options: { inline: 'Buttons under the message', keyboard: 'In place of the customer’s keyboard' },
    }),
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
  sandboxCredentials: (digits) => ({ botToken: `${digits}:sandbox-bot-token` }),
  providerUrls: {
    api: { env: 'TELEGRAM_API_URL', real: 'https://api.telegram.org', sandboxPath: '/sandbox/telegram' },
  },
};
