import type { MessageWindow } from './conversation.ts';

/** How long after the contact's last message a channel lets us write. */
export type WindowRule =
  | { kind: 'none' }
  | {
      kind: 'hours';
      hours: number;
      /** People may write longer than bots, where the inbox's settings say that the provider allowed it (`settings.humanAgent`). */
      humanHours?: number;
      /** At most so many messages of ours per window. */
      most?: number;
      /** Templates may be sent while it is closed. */
      templates?: true;
    };

/** What the window hangs on, beside the rule. */
export interface WindowFacts {
  lastInAt: Date | string | null;
  /** What we sent since then. */
  sentSinceLastIn?: number;
  /** Whether the provider allowed this inbox's people the longer window. */
  humanAgent?: boolean;
}

/**
 * Whether we may write now, and until when. A rule of hours is closed until the contact has written once; `closesAt` of a closed
 * window is when it closed.
 */
export function messageWindow(rule: WindowRule, facts: WindowFacts, now: Date | string): MessageWindow {
  if (rule.kind === 'none') return { open: true };
  const closed: MessageWindow = { open: false, ...(rule.templates ? { templates: true } : {}) };
  const lastInMs = facts.lastInAt === null ? Number.NaN : new Date(facts.lastInAt).getTime();
  if (Number.isNaN(lastInMs)) return closed;
  const nowMs = new Date(now).getTime();
  const untilMs = (hours: number): number => lastInMs + hours * 3_600_000;
  const remaining =
    rule.most === undefined ? undefined : Math.max(0, rule.most - (facts.sentSinceLastIn ?? 0));
  const open = nowMs < untilMs(rule.hours) && remaining !== 0;
  const human = facts.humanAgent === true && rule.humanHours !== undefined ? rule.humanHours : null;
  return {
    ...(open ? { open: true } : closed),
    closesAt: new Date(untilMs(rule.hours)).toISOString(),
    ...(remaining === undefined ? {} : { remaining }),
    ...(human === null
      ? {}
      : { human: { open: nowMs < untilMs(human), closesAt: new Date(untilMs(human)).toISOString() } }),
  };
}
