import type { WindowRule } from './window.ts';

/** The thirteen inbox types. *type* is the word for inboxes and channels, *kind* for everything else. */
export const CHANNEL_TYPES = [
  'whatsapp',
  'email',
  'sms',
  'messenger',
  'facebook_page',
  'instagram_dm',
  'instagram_posts',
  'telegram',
  'line',
  'live_chat',
  'voice',
  'api',
  'tiktok',
] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** What a channel can carry; everything it lacks is degraded in one place (`render.ts`). */
export interface Capabilities {
  /** Longest text of one message, in `textUnit`. Longer text is split. */
  maxTextLength: number;
  /** What text lengths count: UTF-16 units (the default) or bytes of UTF-8. */
  textUnit?: 'utf16' | 'utf8';
  image: boolean;
  audio: boolean;
  video: boolean;
  file: boolean;
  /** Longest caption a media part may carry; 0 = captions become a text of their own. */
  maxCaptionLength: number;
  /** Buttons: how many, and how long a label may be; null = choices become a numbered list. */
  choices: { max: number; maxLabelLength: number } | null;
  location: boolean;
  /** Contact cards travel as such; else as text. */
  contactCard?: true;
  /** Provider-approved templates, also outside the window. */
  template?: true;
  /** Messages are emails: they have a subject and more than one recipient. */
  email?: true;
  /** Conversations are calls: flows speak, gather and ring; a text is spoken. */
  voice?: true;
  /** A message can quote another one. */
  quote?: true;
  /** A comment's writer can be answered by direct message. */
  privateReply?: true;
  /** The contact can be shown that we type, and that we have read. */
  typing?: true;
  marksRead?: true;
  /** What a carrier bills a text by, where that is less than a message: composers count it. */
  billedBy?: 'sms_segment';
  /** One call carries a message of several parts; else each part is a message of its own. */
  severalParts?: boolean;
  /** How long after the contact's last message we may write; absent = always. */
  window?: WindowRule;
}

/** What a provider tells us beside messages. */
export interface Reports {
  delivered?: true;
  read?: true;
  edits?: true;
  deletes?: true;
  reactions?: true;
  /** What we, or a person in the provider's own app, have sent. */
  echoes?: true;
}

/** What can be done with a contact's comment. */
export type CommentAction = 'hide' | 'unhide' | 'like' | 'unlike' | 'delete';

export type InboxState = 'onboarding' | 'active' | 'degraded' | 'needs_attention' | 'disconnected';
export type HealthState = 'unknown' | 'ok' | 'degraded' | 'failing';

/**
 * Kinds of send failure. `no_answer`: the request may have arrived (never repeated unless the channel is safe). `not_sent`:
 * provably never left (refused connection, DNS); `retry_after`: the provider refused for now.
 */
export type SendFailureKind =
  | 'retry_after'
  | 'not_sent'
  | 'no_answer'
  | 'window_closed'
  | 'contact_unreachable'
  | 'reauthorize'
  | 'permanent';

/** A developer's app at a provider: of the deployment, not of an inbox. */
export interface ProviderApp {
  provider: ProviderAppName;
  id: string;
  secret: string;
  /** Meta's handshake. */
  verifyToken?: string;
  /** The sandbox's own app: it signs for sandbox inboxes only. */
  sandbox: boolean;
}
export type ProviderAppName = 'meta' | 'instagram' | 'tiktok' | 'microsoft';
export type ProviderApps = Readonly<Partial<Record<ProviderAppName, ProviderApp>>>;
