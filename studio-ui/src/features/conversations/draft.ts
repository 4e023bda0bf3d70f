/** What was typed and not sent, kept in this tab per conversation. */
import { keepText, readText } from '../../lib/browser-storage.ts';

const keyOf = (conversationId: string): string => `teloring.draft.${conversationId}`;

export function readDraft(conversationId: string): string {
  return readText(keyOf(conversationId), () => sessionStorage) ?? '';
}
export function keepDraft(conversationId: string, text: string): void {
  keepText(keyOf(conversationId), text === '' ? null : text, () => sessionStorage);
}
