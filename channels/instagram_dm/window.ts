import type { JsonObject } from '#domain/json.ts';
import { messageWindow } from '#domain/window.ts';
import { ChannelError, type OutboundMessage } from '../contract.ts';
import { isOwnId, type InstagramInbox } from '../instagram/call.ts';
import { instagramDmDefinition } from './definition.ts';

/**
 * What a message needs to be let through now: nothing within 24 hours, a tag for a person within seven days, where Meta allowed it.
 * An account that writes to itself has no window. @throws ChannelError window_closed
 */
export function windowFields(
  inbox: InstagramInbox,
  message: OutboundMessage,
  nowMs = Date.now(),
): JsonObject {
  const rule = instagramDmDefinition.capabilities.window;
  if (!rule || isOwnId(inbox, message.contactExternalId)) return {};
  const { author, lastInAtMs } = message;
  const lastInAt = lastInAtMs === null ? null : new Date(lastInAtMs);
  const humanAgent = inbox.settings['humanAgent'] === true;
  const { open, human } = messageWindow(rule, { lastInAt, humanAgent }, new Date(nowMs));
  if (open) return {};
  if (human?.open && author === 'agent') return { messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' };
  throw new ChannelError(
    'window_closed',
    `${whyClosed(lastInAt, human)} Nothing was sent; they have to write first.`,
  );
}

function whyClosed(lastInAt: Date | null, human: { open: boolean } | undefined): string {
  if (!lastInAt) return 'This person has not written to the account yet, and Instagram lets it answer only.';
  if (human?.open)
    return 'More than 24 hours have passed since the person’s last message: only people may still answer, for seven days.';
  if (human) return 'More than seven days have passed since the person’s last message.';
  return 'More than 24 hours have passed since the person’s last message.';
}
