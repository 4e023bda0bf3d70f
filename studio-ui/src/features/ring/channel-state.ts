/** What a channel's mark says, from its inboxes. Pure. */
import { CHANNEL_TYPES, type ChannelType } from '#domain/channel.ts';
import type { Inbox } from '../../lib/api/types.ts';
import { isUnwell } from '../../lib/inbox-state.ts';

export type ChannelState = 'attention' | 'degraded' | 'active' | 'onboarding' | 'available';
export interface ChannelSummary {
  type: ChannelType;
  state: ChannelState;
  inboxes: Inbox[];
  /** One line for the hover card and the list. */
  says: string;
}
export const CHANNEL_STATE_WORDS: Record<ChannelState, string> = {
  attention: 'Needs attention',
  degraded: 'Degraded',
  active: 'Active',
  onboarding: 'Onboarding',
  available: 'Available',
};

export function channelSummaries(inboxes: readonly Inbox[]): ChannelSummary[] {
  return CHANNEL_TYPES.map((type) =>
    summaryOf(
      type,
      inboxes.filter((inbox) => inbox.type === type),
    ),
  );
}

function summaryOf(type: ChannelType, inboxes: Inbox[]): ChannelSummary {
  const unwell = inboxes.find((inbox) => isUnwell(inbox) && inbox.state !== 'degraded');
  const degraded = inboxes.find((inbox) => inbox.state === 'degraded');
  const count = inboxes.length === 1 ? (inboxes[0]?.name ?? '') : `${inboxes.length} inboxes`;
  if (unwell) return { type, inboxes, state: 'attention', says: `${unwell.name}: ${reasonOf(unwell)}` };
  if (degraded) return { type, inboxes, state: 'degraded', says: `${degraded.name}: ${reasonOf(degraded)}` };
  if (inboxes.some((inbox) => inbox.state === 'active'))
    return { type, inboxes, state: 'active', says: count };
  if (inboxes.length > 0)
    return { type, inboxes, state: 'onboarding', says: `${count}: waits for its first answered message` };
  return { type, inboxes, state: 'available', says: 'Ready to be connected' };
}
function reasonOf(inbox: Inbox): string {
  return (
    inbox.outbound.reason ??
    inbox.inbound.reason ??
    CHANNEL_STATE_WORDS[inbox.state === 'degraded' ? 'degraded' : 'attention'].toLowerCase()
  );
}
