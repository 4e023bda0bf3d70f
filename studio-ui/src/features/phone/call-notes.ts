/** What is written down during a call: a draft in this browser, then one private note of its conversation. */
import { uuidV7 } from '#domain/ids.ts';
import { api } from '../../lib/api/endpoints.ts';
import { keepText, readText } from '../../lib/browser-storage.ts';

const key = (id: string): string => `teloring.phone.note.${id}`;
export const draftOf = (callId: string): string => readText(key(callId)) ?? '';
export const keepDraft = (callId: string, text: string): void =>
  keepText(key(callId), text === '' ? null : text);

/**
 * Stores the draft as a private note, once: trying again keeps its id. Nothing is stored of an empty one.
 * @throws ApiFailure; the draft stays
 */
export async function saveNote(callId: string, conversationId: string): Promise<void> {
  const text = draftOf(callId).trim();
  if (text === '') return;
  const idKey = `${key(callId)}.id`;
  const clientMessageId = readText(idKey) ?? uuidV7();
  keepText(idKey, clientMessageId);
  await api.sendMessage(conversationId, { clientMessageId, parts: [{ kind: 'text', text }], private: true });
  keepDraft(callId, '');
  keepText(idKey, null);
}
