/** What was typed and not sent, kept in this browser per conversation. */
const keyOf = (conversationId: string): string => `teloring.draft.${conversationId}`;

export function readDraft(conversationId: string): string {
  try {
    return sessionStorage.getItem(keyOf(conversationId)) ?? '';
  } catch {
    return '';
  }
}
export function keepDraft(conversationId: string, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(keyOf(conversationId));
    else sessionStorage.setItem(keyOf(conversationId), text);
  } catch {
    // storage may be blocked; then a draft lives as long as the page
  }
}
