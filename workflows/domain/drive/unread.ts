/** What the contact said and nobody has taken in yet. */
import type { DriveSnapshot } from './snapshot.ts';
import type { Working } from './working.ts';

/**
 * The oldest unread message that a flow or a person here may take, with the cursor on it. Those of a thread that another app at the
 * provider owned are passed.
 */
export function nextUnread(w: Working): DriveSnapshot['unread'][number] | undefined {
  for (let message = w.unread.shift(); message; message = w.unread.shift()) {
    w.conversation.cursor = message.seq;
    if (message.automation !== 'off') return message;
    w.routed.push({
      messageId: message.id,
      routing: { kind: 'other_app', reason: 'Another app answers here.' },
    });
  }
  return undefined;
}

/** Inbound rows beyond those this snapshot loaded. */
export function more(w: Working): boolean {
  return w.conversation.cursor < w.conversation.lastInSeq && w.unread.length === 0;
}
