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
  /** Longest text of one message, in UTF-16 units. Longer text is split. */
  maxTextLength: number;
  image: boolean;
  audio: boolean;
  video: boolean;
  file: boolean;
  /** Longest caption a media part may carry; 0 = captions become a text of their own. */
  maxCaptionLength: number;
  /** Buttons: how many, and how long a label may be; null = choices become a numbered list. */
  choices: { max: number; maxLabelLength: number } | null;
  location: boolean;
  /** One call carries a message of several parts; else each part is a message of its own. */
  severalParts?: boolean;
  /** How long after the contact's last message we may write; absent = always. */
  window?: WindowRule;
}

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
