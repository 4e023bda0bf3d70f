import type { MessageWindow } from './conversation.ts';

/** How long after the contact's last message a channel lets us write. */
export type WindowRule = { kind: 'none' } | { kind: 'hours'; hours: number };

/**
 * Whether we may write now, and until when. A rule of hours is closed until the contact has written once; `closesAt` of a closed
 * window is when it closed.
 */
export function messageWindow(
  rule: WindowRule,
  lastInAt: Date | string | null,
  now: Date | string,
): MessageWindow {
  if (rule.kind === 'none') return { open: true };
  const lastInMs = lastInAt === null ? Number.NaN : new Date(lastInAt).getTime();
  if (Number.isNaN(lastInMs)) return { open: false };
  const closesAtMs = lastInMs + rule.hours * 3_600_000;
  return { open: new Date(now).getTime() < closesAtMs, closesAt: new Date(closesAtMs).toISOString() };
}
