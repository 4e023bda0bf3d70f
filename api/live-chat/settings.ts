import { liveChatSettingsSchema, type LiveChatSettings } from '#channels/live_chat/definition.ts';
import type { JsonObject } from '#domain/json.ts';

/** The inbox's settings, with defaults where an older inbox has none. */
export function settingsOf(inbox: { settings: JsonObject }): LiveChatSettings {
  const parsed = liveChatSettingsSchema.safeParse(inbox.settings);
  return parsed.success ? parsed.data : liveChatSettingsSchema.parse({});
}
