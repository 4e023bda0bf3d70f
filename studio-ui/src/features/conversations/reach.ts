/** Whether the channel lets us write now, in words: what the composer and the list say of the message window. Pure. */
import type { MessageWindow } from '#domain/conversation.ts';
import type { WindowRule } from '#domain/window.ts';
import { duration } from '../../lib/time.ts';

export interface Reach {
  /** Anything may be written now. */
  isOpen: boolean;
  /** Approved templates go out although it is closed. */
  takesTemplates: boolean;
  /** For a chip: "closes in 3 h". Null where the channel has no window. */
  short: string | null;
  /** The whole of it, with what can be done. */
  says: string;
  /** Soon over, or nearly used up. */
  isUrgent: boolean;
}

const SOON_MS = 2 * 3_600_000;
const FEW = 2;
const always: Reach = { isOpen: true, takesTemplates: false, short: null, says: '', isUrgent: false };

/** @param isComments the thread is of comments, which are answered in public whenever */
export function reachOf(
  window: MessageWindow,
  rule: WindowRule | undefined,
  channel: string,
  nowMs: number,
  isComments = false,
): Reach {
  if (isComments || rule === undefined || rule.kind === 'none') return window.open ? always : closed(window);
  const leftMs = window.closesAt === undefined ? 0 : Date.parse(window.closesAt) - nowMs;
  // The answer may be some minutes old: the clock closes it too.
  if (window.open && (window.closesAt === undefined || leftMs > 0))
    return open(window, rule, leftMs, channel);
  const humanMs = window.human?.open ? Date.parse(window.human.closesAt) - nowMs : 0;
  if (humanMs > 0) {
    return {
      isOpen: true,
      takesTemplates: false,
      short: `people only, ${duration(humanMs)} more`,
      says: `${channel}’s ${rule.hours} h for bots are over. People may still answer for ${duration(humanMs)} (Human Agent).`,
      isUrgent: humanMs < SOON_MS,
    };
  }
  return closed(window, rule, channel, leftMs);
}

function open(
  window: MessageWindow,
  rule: Extract<WindowRule, { kind: 'hours' }>,
  leftMs: number,
  channel: string,
): Reach {
  const closes = leftMs > 0 ? `closes in ${duration(leftMs)}` : null;
  const left =
    window.remaining !== undefined && rule.most !== undefined
      ? `${window.remaining} of ${rule.most} left`
      : null;
  const limit = rule.most === undefined ? '' : `, at most ${rule.most} of them`;
  return {
    isOpen: true,
    takesTemplates: false,
    short: [left, closes].filter((word) => word !== null).join(', ') || null,
    says: `${channel} takes messages for ${rule.hours} h after the customer’s last one${limit}.`,
    isUrgent: leftMs < SOON_MS || (window.remaining !== undefined && window.remaining <= FEW),
  };
}

function closed(
  window: MessageWindow,
  rule?: Extract<WindowRule, { kind: 'hours' }>,
  channel = 'The channel',
  leftMs = 0,
): Reach {
  const takesTemplates = window.templates === true;
  const instead = takesTemplates ? ', or you send an approved template' : '';
  return {
    isOpen: false,
    takesTemplates,
    short: 'closed until the customer writes',
    says: `${whyClosed(window, rule, channel, leftMs)} It opens when they write${instead}. A private note is still possible.`,
    isUrgent: true,
  };
}

function whyClosed(
  window: MessageWindow,
  rule: Extract<WindowRule, { kind: 'hours' }> | undefined,
  channel: string,
  leftMs: number,
): string {
  if (rule === undefined || window.closesAt === undefined)
    return `${channel} only lets us answer, and this customer hasn’t written yet.`;
  if (window.remaining === 0 && leftMs > 0)
    return `The ${rule.most ?? 0} messages that ${channel} allows after the customer’s last one are used up.`;
  return `${channel} takes messages for ${rule.hours} h after the customer’s last one; that was over ${duration(Math.max(0, -leftMs))} ago.`;
}
