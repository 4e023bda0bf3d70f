/** How long an agent's message waits so that it can be taken back: a setting of the inbox, where its channel has it. */
import type { ConversationRow } from '#db/conversations.ts';
import type { RequestActor } from './deps.ts';
import { asObject } from './shapes/inbox.ts';

export const LONGEST_UNDO_SECONDS = 60;

/** What a program sends leaves at once: nobody watches it go. Milliseconds. */
export function holdMsOf(conversation: Pick<ConversationRow, 'inbox_settings'>, actor: RequestActor): number {
  const seconds = asObject(conversation.inbox_settings)['undoSeconds'];
  if (actor.userId === null || typeof seconds !== 'number') return 0;
  return Math.min(Math.max(seconds, 0), LONGEST_UNDO_SECONDS) * 1000;
}
