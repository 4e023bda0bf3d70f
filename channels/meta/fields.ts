/** What each inbox type subscribes to. Every call replaces an account's whole list, so inboxes that share an account ask for the union. */
import type { ChannelType } from '#domain/channel.ts';

type FieldsByType = Readonly<Partial<Record<ChannelType, readonly string[]>>>;

/**
 * Of `POST /{page id}/subscribed_apps`. An Instagram account that hangs on a page needs the page subscribed too; its own events are
 * chosen by the app's `instagram` object.
 */
export const pageFields = {
  messenger: [
    'messages',
    'messaging_postbacks',
    'message_echoes',
    'message_deliveries',
    'message_reads',
    'message_reactions',
    'message_edits',
    'messaging_referrals',
    'messaging_optins',
    'messaging_handovers',
    'standby',
  ],
  facebook_page: ['feed', 'mention'],
  instagram_dm: ['messages', 'messaging_postbacks', 'message_reactions', 'messaging_referrals'],
  instagram_posts: ['feed', 'mention'],
} as const satisfies FieldsByType;

/** Of `POST /{instagram user id}/subscribed_apps` (Instagram Login). Echoes come under `messages`. */
export const instagramFields = {
  instagram_dm: [
    'messages',
    'messaging_postbacks',
    'messaging_seen',
    'message_edit',
    'message_reactions',
    'messaging_referral',
  ],
  instagram_posts: ['comments', 'live_comments', 'mentions'],
} as const satisfies FieldsByType;

/** The fields these types need together, each once, in one order whatever the types' order; types without fields add none. */
export function union(types: readonly ChannelType[], fields: FieldsByType = pageFields): string[] {
  return [...new Set(types.flatMap((type) => fields[type] ?? []))].sort();
}
