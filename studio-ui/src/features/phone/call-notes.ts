/**
 * What is written down during a call: kept in this browser with every key, made a private note of its conversation once the call is over,
 * by whichever tab or visit comes to it first. A note is stored once: trying again keeps its id.
 */
import { uuidV7 } from '#domain/ids.ts';
import { ApiFailure } from '../../lib/api/client.ts';
import { api } from '../../lib/api/endpoints.ts';
import { keepText, readText } from '../../lib/browser-storage.ts';
import { session } from '../../lib/session.svelte.ts';
import type { Call } from './call-state.ts';

interface Draft {
  text: string;
  clientMessageId: string;
  callId: string | null;
  conversationId: string | null;
}
type Drafts = Record<string, Draft>;

/** Of this person in this workspace. */
const key = (): string => `teloring.phone.notes.${session.me?.workspace.id}.${session.me?.user?.id}`;
function read(): Drafts {
  try {
    const found: unknown = JSON.parse(readText(key()) ?? '{}');
    // Written below only.
    return typeof found === 'object' && found !== null ? (found as Drafts) : {};
  } catch {
    return {};
  }
}
function write(drafts: Drafts): void {
  keepText(key(), Object.keys(drafts).length === 0 ? null : JSON.stringify(drafts));
}
function forget(id: string): void {
  const { [id]: _, ...others } = read();
  write(others);
}

export const draftOf = (id: string): string => read()[id]?.text ?? '';
export function keepDraft({ id, callId, conversationId }: Call, text: string): void {
  if (text.trim() === '') return forget(id);
  const drafts = read();
  const clientMessageId = drafts[id]?.clientMessageId ?? uuidV7();
  write({ ...drafts, [id]: { text, clientMessageId, callId, conversationId } });
}

/** @throws ApiFailure; the note is kept here */
export async function saveNote(id: string): Promise<void> {
  const draft = read()[id];
  if (!draft) return;
  const conversationId =
    draft.conversationId ?? (draft.callId && (await api.voiceCall(draft.callId)).conversationId);
  if (!conversationId)
    throw new ApiFailure(0, 'not_known_yet', 'The server doesn’t know this call yet. The note is kept here.');
  await api.sendMessage(conversationId, {
    clientMessageId: draft.clientMessageId,
    parts: [{ kind: 'text', text: draft.text.trim() }],
    private: true,
  });
  forget(id);
}
/** Every note whose call is over; what fails is tried again the next time. */
export async function saveNotesBut(id: string | null): Promise<void> {
  for (const each of Object.keys(read())) if (each !== id) await saveNote(each).catch(() => undefined);
}
