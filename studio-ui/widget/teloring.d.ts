/**
 * The chat widget's JavaScript API, `window.Teloring`. Copy this file into your project, or read it as the reference: every call is
 * safe at any time, before the widget has loaded too, and none ever throws into your page.
 */
export interface TeloringChat {
  /** Opens the chat. A text is put into the message field where that is empty; it is never sent by itself. */
  open(text?: string): void;
  close(): void;
  toggle(): void;
  /** Takes the button in the corner away; `open` still works. Lasts until `show` or the next page. */
  hide(): void;
  show(): void;
  /**
   * Says who the visitor is. Without a right `hash`, made on your server, nobody is taken for somebody else. Reaches the server when
   * the chat loads: at once where there is a conversation, else when it is opened.
   */
  identify(identity: TeloringIdentity): void;
  /** Forgets who the visitor is on this device; the next message begins a new conversation. Call it when they sign out. */
  logout(): void;
  /** Facts shown to your team beside the conversation, marked as unverified. `null` takes one back. */
  setFields(fields: Record<string, string | number | boolean | null>): void;
  /** A language of the widget, such as 'de' or 'pt-BR'; what it doesn't speak becomes English. */
  setLanguage(code: string): void;
  setTheme(theme: TeloringTheme): void;
  /** @returns what stops it */
  on<Name extends keyof TeloringEvents>(event: Name, handler: TeloringHandler<Name>): () => void;
  off<Name extends keyof TeloringEvents>(event: Name, handler: TeloringHandler<Name>): void;
}

export type TeloringTheme = 'light' | 'dark' | 'auto';

export interface TeloringIdentity {
  /** Your own id of this person; the same on every device. */
  id: string;
  /** Hex HMAC-SHA256 of `id` (of `id + '\n' + exp` where there is one), made on your server with the inbox's identity secret. */
  hash: string;
  /** Unix seconds: after it the hash is worth nothing. */
  exp?: number;
  name?: string;
  email?: string;
  phone?: string;
}

/** What handlers are given: a copy each, so that nothing you change in it reaches the widget. */
export interface TeloringEvents {
  /** The button is there. Who asks later is told at once. */
  ready: Record<string, never>;
  opened: Record<string, never>;
  closed: Record<string, never>;
  /** A new message from your team or its bot, while this page is open. */
  message: { id: string; from: 'agent' | 'bot'; name: string; text: string; at: string };
  /** The number of unread messages has changed. */
  unread: { count: number };
  conversation_started: { conversationId: string };
  /** The server took the identity. */
  identified: { id: string };
  error: { code: string; message: string };
}
export type TeloringHandler<Name extends keyof TeloringEvents> = (detail: TeloringEvents[Name]) => void;

declare global {
  interface Window {
    /** Absent until the widget's script has run, unless the page begins with the stub of the setup page. */
    Teloring?: TeloringChat;
  }
}
