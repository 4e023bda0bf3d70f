/** What the host page's script and the frame say to each other by postMessage. Types only: the loader is one file. */
import type { TeloringTheme } from './teloring.d.ts';

export type ToFrame =
  | { teloring: 'host'; kind: 'shown' }
  | { teloring: 'host'; kind: 'hidden' }
  /** The website vouches for who its visitor is; answered by `identified` or `not_identified` with the same `requestId`. */
  | { teloring: 'host'; kind: 'identify'; requestId: string; identity: Identity }
  /** The visitor signs out: this browser forgets them and begins anew. Answered by `logged_out`. */
  | { teloring: 'host'; kind: 'logout'; requestId: string }
  /** Facts of the page's about its visitor, vouched for by nobody. */
  | { teloring: 'host'; kind: 'fields'; fields: Record<string, string | number | boolean | null> }
  /** What the page keeps for a frame without storage of its own. */
  | { teloring: 'host'; kind: 'stored'; entries: Record<string, string> }
  /** For the message field, where it is empty. */
  | { teloring: 'host'; kind: 'draft'; text: string }
  /** On a whole screen the keyboard goes round: from the end to the beginning, and back. */
  | { teloring: 'host'; kind: 'focus'; at: 'start' | 'end' }
  | { teloring: 'host'; kind: 'look'; language: string; theme: TeloringTheme }
  /** Only from our own settings page: what the preview shows. */
  | { teloring: 'host'; kind: 'preview'; preview: unknown };

/** Who a visitor is, as the website's server signed it: `hash` = hex HMAC-SHA256(secret, exp ? `${externalId}\n${exp}` : externalId). */
export interface Identity {
  externalId: string;
  name?: string;
  email?: string;
  phone?: string;
  hash: string;
  /** Unix seconds. After it the hash is refused, and a session begun with it ends. */
  exp?: number;
}

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
  | { teloring: 'frame'; kind: 'identified'; requestId: string; externalId: string }
  | { teloring: 'frame'; kind: 'not_identified'; requestId: string; code: string; message: string }
  | { teloring: 'frame'; kind: 'logged_out'; requestId: string }
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
