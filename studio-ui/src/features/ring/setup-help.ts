/** What a channel's setup page shows beside the steps, where it has something of its own to show. */
import type { Component } from 'svelte';
import type { ChannelType } from '#domain/channel.ts';
import type { Inbox } from '../../lib/api/types.ts';
import ApiHelp from './ApiHelp.svelte';
import EmailConnected from './EmailConnected.svelte';
import EmailHelp from './EmailHelp.svelte';
import LiveChatHelp from './LiveChatHelp.svelte';

export const setupHelp: Partial<Record<ChannelType, Component<{ inbox: Inbox }>>> = {
  api: ApiHelp,
  email: EmailHelp,
  live_chat: LiveChatHelp,
};

/** What is shown once a new inbox has told its secret, where its channel shows it in its own way. */
export const connectedHelp: Partial<
  Record<ChannelType, Component<{ inbox: Inbox; secret: string; warnings: string[] }>>
> = { email: EmailConnected };
