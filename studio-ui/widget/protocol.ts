/** What the host page's script and the frame say to each other by postMessage. Types only: the loader is one file. */
export type ToFrame =
  | { teloring: 'host'; kind: 'shown' }
  | { teloring: 'host'; kind: 'hidden' }
  /** The website vouches for who its visitor is; answered by `identified` or `not_identified` with the same `requestId`. */
  | { teloring: 'host'; kind: 'identify'; requestId: string; identity: Identity }
  /** The visitor signs out: this browser forgets them and begins anew. Answered by `logged_out`. */
  | { teloring: 'host'; kind: 'logout'; requestId: string }
  /** What the page keeps for a frame without storage of its own. */
  | { teloring: 'host'; kind: 'stored'; entries: Record<string, string> };

/** Who a visitor is, as the website's server signed it: `hash` = hex HMAC-SHA256(secret, exp ? `${externalId}.${exp}` : externalId). */
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
  | { teloring: 'frame'; kind: 'unread'; count: number }
  | { teloring: 'frame'; kind: 'identified'; requestId: string; externalId: string }
  | { teloring: 'frame'; kind: 'not_identified'; requestId: string; code: string; message: string }
  | { teloring: 'frame'; kind: 'logged_out'; requestId: string }
  /** The browser denies the frame storage (private windows do): the page keeps it instead. */
  | { teloring: 'frame'; kind: 'storage' }
  | { teloring: 'frame'; kind: 'store'; key: string; value: string | null };

/** What the loader asks before it shows anything. */
export interface WidgetConfig {
  title: string;
  accentColor: string;
  /** What reads well on it. */
  onAccentColor: string;
  position: 'left' | 'right';
}
