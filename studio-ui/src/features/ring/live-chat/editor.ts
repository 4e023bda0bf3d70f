import { liveChatSettingsSchema, type LiveChatSettings } from '#channels/live_chat/definition.ts';
import type { JsonObject } from '#domain/json.ts';
import type { SettingsEditor } from '../settings-editors.ts';
import LiveChatForm from './LiveChatForm.svelte';
import WidgetPreview from './WidgetPreview.svelte';

export const liveChatEditor: SettingsEditor<LiveChatSettings & JsonObject> = {
  start(stored) {
    const read = liveChatSettingsSchema.safeParse(stored);
    return read.success ? read.data : liveChatSettingsSchema.parse({});
  },
  problems(settings) {
    const read = liveChatSettingsSchema.safeParse(settings);
    if (read.success) return {};
    return Object.fromEntries(
      read.error.issues.toReversed().map(({ path, message }) => [path.join('.'), message]),
    );
  },
  Form: LiveChatForm,
  Preview: WidgetPreview,
};
