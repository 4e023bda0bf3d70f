/** What the host page's script and the frame say to each other by postMessage. Types only: the loader is one file. */
import type { TeloringTheme } from './teloring.d.ts';

export type ToFrame =
  | { teloring: 'host'; kind: 'shown' }
  | { teloring: 'host'; kind: 'hidden' }
  /** What the page keeps for a frame without storage of its own. */
  | { teloring: 'host'; kind: 'stored'; entries: Record<string, string> }
  /** For the message field, where it is empty. */
  | { teloring: 'host'; kind: 'draft'; text: string }
  | { teloring: 'host'; kind: 'look'; language: string; theme: TeloringTheme }
  /** Only from our own settings page: what the preview shows. */
  | { teloring: 'host'; kind: 'preview'; preview: unknown };

export type ToHost =
  | { teloring: 'frame'; kind: 'ready' }
  | { teloring: 'frame'; kind: 'close' }
  /** There is a conversation: the next page loads the frame by itself, for the unread badge. */
  | { teloring: 'frame'; kind: 'started' }
  /** `newest` is what the launcher may show beside itself. */
  | { teloring: 'frame'; kind: 'unread'; count: number; newest?: NewestMessage }
  /** A message of the team's that came just now. */
  | { teloring: 'frame'; kind: 'message'; message: NewestMessage }
  /** The visitor's message began a conversation. */
  | { teloring: 'frame'; kind: 'conversation'; conversationId: string }
  /** The browser denies the frame storage (private windows do): the page keeps it instead. */
  | { teloring: 'frame'; kind: 'storage' }
  | { teloring: 'frame'; kind: 'store'; key: string; value: string | null };

export interface NewestMessage {
  id: string;
  from: 'agent' | 'bot';
  name: string;
  text: string;
  at: string;
}

/** What the loader asks before it shows anything: of the inbox's settings (channels/live_chat/appearance.ts), what it needs. */
export interface WidgetConfig {
  title: string;
  accentColor: string;
  /** What reads well on it. */
  onAccentColor: string;
  theme: TeloringTheme;
  /** `auto` or a code. */
  language: string;
  position: 'left' | 'right';
  offsetX: number;
  offsetY: number;
  launcherSize: 'small' | 'medium' | 'large';
  launcherLabel: string;
  hideOnMobile: boolean;
  zIndex: number;
  messagePreview: boolean;
  unreadInTitle: boolean;
}
