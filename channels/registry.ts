/** Every channel's adapter, made once per process. */
import type { ChannelType } from '#domain/channel.ts';
import { anyAdapter } from './any-adapter.ts';
import { createApiAdapter } from './api/adapter.ts';
import type { ChannelAdapter } from './contract.ts';
import { createEmailAdapter } from './email/adapter.ts';
import type { EmailAdapterDeps } from './email/deps.ts';
import { createFacebookPageAdapter } from './facebook_page/adapter.ts';
import type { HttpClient } from './http.ts';
import { createInstagramDmAdapter } from './instagram_dm/adapter.ts';
import { createInstagramPostsAdapter } from './instagram_posts/adapter.ts';
import { createLineAdapter } from './line/adapter.ts';
import { createLiveChatAdapter, type LiveChatAdapterDeps } from './live_chat/adapter.ts';
import { createSmsAdapter } from './sms/adapter.ts';
import { createMessengerAdapter } from './messenger/adapter.ts';
import { createTelegramAdapter } from './telegram/adapter.ts';
import { createTikTokAdapter } from './tiktok/adapter.ts';
import { createVoiceAdapter, type VoiceAdapterDeps } from './voice/adapter.ts';
import { createWhatsappAdapter } from './whatsapp/adapter.ts';

/** What adapters are built from; what a process leaves out, its adapters do without (see each). */
export interface AdapterDeps extends LiveChatAdapterDeps, EmailAdapterDeps, VoiceAdapterDeps {
  http: HttpClient;
}

export type Registry = Record<ChannelType, ChannelAdapter>;

export function createRegistry(deps: AdapterDeps): Registry {
  return {
    api: anyAdapter(createApiAdapter(deps)),
    email: anyAdapter(createEmailAdapter(deps)),
    facebook_page: anyAdapter(createFacebookPageAdapter(deps)),
    instagram_dm: anyAdapter(createInstagramDmAdapter(deps)),
    instagram_posts: anyAdapter(createInstagramPostsAdapter(deps)),
    line: anyAdapter(createLineAdapter(deps)),
    live_chat: anyAdapter(createLiveChatAdapter(deps)),
    sms: anyAdapter(createSmsAdapter(deps)),
    messenger: anyAdapter(createMessengerAdapter(deps)),
    telegram: anyAdapter(createTelegramAdapter(deps)),
    tiktok: anyAdapter(createTikTokAdapter(deps)),
    voice: anyAdapter(createVoiceAdapter(deps)),
    whatsapp: anyAdapter(createWhatsappAdapter(deps)),
  };
}
