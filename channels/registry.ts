/** Every channel's adapter, made once per process. */
import { anyAdapter } from './any-channel.ts';
import { createApiAdapter } from './api/adapter.ts';
import type { ChannelAdapter } from './contract.ts';
import type { AvailableChannelType } from './definitions.ts';
import type { HttpClient } from './http.ts';
import { createLiveChatAdapter, type LiveChatAdapterDeps } from './live_chat/adapter.ts';
import { createTelegramAdapter } from './telegram/adapter.ts';

/** What adapters are built from; what a process leaves out, its adapters do without (see each). */
export interface AdapterDeps extends LiveChatAdapterDeps {
  http: HttpClient;
}

export type Registry = Record<AvailableChannelType, ChannelAdapter>;

export function createRegistry(deps: AdapterDeps): Registry {
  return {
    api: anyAdapter(createApiAdapter(deps)),
    live_chat: anyAdapter(createLiveChatAdapter(deps)),
    telegram: anyAdapter(createTelegramAdapter(deps)),
  };
}
