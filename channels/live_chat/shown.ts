/** What of the settings leaves for visitors' browsers: everything here is named. Browser-safe, so that the settings' preview shows the same. */
import { readableOn } from '#domain/contrast.ts';
import { asksFirst } from '#domain/live-chat/pre-chat.ts';
import type { LiveChatSettings } from './definition.ts';

/** What the launcher needs to know before the chat is opened; the rest is the frame's. */
export function launcherConfig(settings: LiveChatSettings) {
  const { title, accentColor, theme, language, position, offsetX, offsetY } = settings;
  const { launcherSize, launcherLabel, hideOnMobile, zIndex, messagePreview, unreadInTitle } = settings;
  return {
    title,
    accentColor,
    onAccentColor: readableOn(accentColor),
    theme,
    language,
    position,
    offsetX,
    offsetY,
    launcherSize,
    launcherLabel,
    hideOnMobile,
    zIndex,
    messagePreview,
    unreadInTitle,
  };
}

export function frameFacts(inboxId: string, settings: LiveChatSettings) {
  const { title, greeting, accentColor, theme, language, headerImage, team } = settings;
  const { preChat, hours, csat, identity } = settings;
  const { intro, fields, consent } = preChat;
  return {
    inboxId,
    title,
    greeting,
    accentColor,
    theme,
    language,
    headerImage,
    team,
    preChat: asksFirst(preChat) ? { intro, fields, consent } : null,
    replyTime: hours.replyTime,
    csatQuestion: csat.question,
    identityRequired: identity.required,
  };
}
