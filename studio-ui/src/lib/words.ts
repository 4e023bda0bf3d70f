/** What states are called on screen, with the tone and icon that go with the word. */
import type { PresenceStatus } from '#domain/call.ts';
import type { HealthState, InboxState } from '#domain/channel.ts';
import type { ConversationStatus, Priority } from '#domain/conversation.ts';
import type { Role } from '#domain/roles.ts';

export const STATUS_WORDS: Record<ConversationStatus, string> = {
  open: 'Open',
  pending: 'Pending',
  snoozed: 'Snoozed',
  resolved: 'Resolved',
};
export const PRIORITY_WORDS: Record<Priority, string> = {
  none: 'No priority',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  urgent: 'Urgent',
};
export const PRESENCE_WORDS: Record<PresenceStatus, string> = {
  online: 'Online',
  busy: 'Busy',
  away: 'Away',
  offline: 'Offline',
};
export const ROLE_WORDS: Record<Role, { title: string; may: string }> = {
  admin: { title: 'Admin', may: 'Everything: channels, members, keys, settings' },
  builder: { title: 'Builder', may: 'Builds and publishes flows, sees runs' },
  operator: { title: 'Operator', may: 'Inspects and mends runs' },
  agent: { title: 'Agent', may: 'Answers conversations, keeps customers' },
};
export const INBOX_STATE_WORDS: Record<
  InboxState,
  { word: string; tone: 'ok' | 'warn' | 'danger' | 'info' | 'neutral'; says: string }
> = {
  onboarding: {
    word: 'Onboarding',
    tone: 'info',
    says: 'It already receives and sends. It counts as active once a first message was answered.',
  },
  active: {
    word: 'Active',
    tone: 'ok',
    says: 'A real message came in and its reply was taken by the provider.',
  },
  degraded: { word: 'Degraded', tone: 'warn', says: 'It works, but not as well as it should.' },
  needs_attention: {
    word: 'Needs attention',
    tone: 'danger',
    says: 'Somebody has to act before it works fully again.',
  },
  disconnected: {
    word: 'Disconnected',
    tone: 'danger',
    says: 'Replies wait, nothing is lost. Reconnect it to go on.',
  },
};
export const HEALTH_WORDS: Record<HealthState, { word: string; tone: 'ok' | 'warn' | 'danger' | 'neutral' }> =
  {
    unknown: { word: 'Not checked yet', tone: 'neutral' },
    ok: { word: 'Working', tone: 'ok' },
    degraded: { word: 'Degraded', tone: 'warn' },
    failing: { word: 'Failing', tone: 'danger' },
  };
