import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type OutboundMessage } from '../contract.ts';

const HOUR_MS = 3_600_000;

/**
 * How a message may be sent now: as a response within 24 hours of the contact's last one, by a person within seven days where
 * Meta has granted it. @throws ChannelError window_closed
 */
export function messagingType(
  { lastInAtMs, author }: Pick<OutboundMessage, 'lastInAtMs' | 'author'>,
  humanAgent: boolean,
  nowMs: number = Date.now(),
): JsonObject {
  if (lastInAtMs === null)
    throw closed(
      'This person has not written to the page yet, and Meta lets a page answer only. Nothing was sent.',
    );
  const ageMs = nowMs - lastInAtMs;
  if (ageMs < 24 * HOUR_MS) return { messaging_type: 'RESPONSE' };
  if (humanAgent && ageMs < 7 * 24 * HOUR_MS) {
    if (author === 'agent') return { messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' };
    throw closed(
      'More than 24 hours have passed since the person’s last message: only people may still answer, for seven days. Nothing was sent.',
    );
  }
  throw closed(
    humanAgent
      ? 'More than seven days have passed since the person’s last message. Nothing was sent; they have to write first.'
      : 'More than 24 hours have passed since the person’s last message. Nothing was sent; they have to write first, or the inbox needs Meta’s Human Agent permission (setting “humanAgent”).',
  );
}

function closed(message: string): ChannelError {
  return new ChannelError('window_closed', message);
}
