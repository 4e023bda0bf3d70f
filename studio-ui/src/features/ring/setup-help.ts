/** What a channel's setup page shows beside the steps, where it has something of its own to show. */
import type { Component } from 'svelte';
import type { ChannelType } from '#domain/channel.ts';
import type { Inbox } from '../../lib/api/types.ts';
import ApiHelp from './ApiHelp.svelte';
import LiveChatHelp from './LiveChatHelp.svelte';

export const setupHelp: Partial<Record<ChannelType, Component<{ inbox: Inbox }>>> = {
  api: ApiHelp,
  live_chat: LiveChatHelp,
};
