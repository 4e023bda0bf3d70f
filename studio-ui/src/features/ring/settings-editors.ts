/** Channels whose settings are more than a form made from their schema: an editor of their own, with a preview beside it. */
import type { Component } from 'svelte';
import type { ChannelType } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import { liveChatEditor } from './live-chat/editor.ts';

export interface SettingsEditor<Settings extends JsonObject = JsonObject> {
  /** What is edited, from what is stored. */
  start(stored: JsonObject): Settings;
  /** What is wrong, by the path of the field (`hours.timeZone`). */
  problems(settings: Settings): Record<string, string>;
  Form: Component<
    { inboxId: string; settings: Settings; problems: Record<string, string> },
    object,
    'settings'
  >;
  Preview: Component<{ inboxId: string; settings: Settings }>;
}

// Each editor starts from its own `start`, so that what it is given is its own settings.
export const settingsEditors: Partial<Record<ChannelType, SettingsEditor>> = {
  live_chat: liveChatEditor as unknown as SettingsEditor,
};
