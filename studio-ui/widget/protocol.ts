/** What the host page's script and the frame say to each other by postMessage. Types only: the loader is one file. */
export type ToFrame =
  | { teloring: 'host'; kind: 'shown' }
  | { teloring: 'host'; kind: 'hidden' }
  /** What the page keeps for a frame without storage of its own. */
  | { teloring: 'host'; kind: 'stored'; entries: Record<string, string> };

export type ToHost =
  | { teloring: 'frame'; kind: 'ready' }
  | { teloring: 'frame'; kind: 'close' }
  /** There is a conversation: the next page loads the frame by itself, for the unread badge. */
  | { teloring: 'frame'; kind: 'started' }
  | { teloring: 'frame'; kind: 'unread'; count: number }
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
