/** The visitor API as the frame sees it (api/live-chat/visitor-shapes.ts is the other side). Unknown part kinds are shown as such. */
import type { LocalizedText } from '#domain/live-chat/localized.ts';
import type { TeloringTheme } from '../teloring.d.ts';

export interface ChoiceOption {
  id: string;
  label: string;
}
export type ThreadPart =
  | { kind: 'text'; text: string }
  | { kind: 'choices'; text: string; options: ChoiceOption[] }
  | { kind: 'choice_reply'; id: string; label: string }
  | { kind: 'location'; lat: number; lon: number; name?: string }
  | {
      kind: 'image' | 'audio' | 'video' | 'file';
      mediaId: string;
      /** Absent while the bytes are on their way, and where they never came. */
      url?: string;
      missing?: 'pending' | 'failed';
      mimeType: string;
      name?: string;
      sizeBytes?: number;
      caption?: string;
    }
  | { kind: 'unsupported' };

export interface ThreadMessage {
  id: string;
  conversationId: string;
  seq: number;
  from: 'visitor' | 'bot' | 'agent';
  name?: string;
  clientMessageId?: string;
  parts: ThreadPart[];
  deleted?: true;
  createdAt: string;
}
export interface ThreadPage {
  items: ThreadMessage[];
  place: string | null;
  more: boolean;
  state: VisitorState;
}

/** What the chat is like for this visitor now: with each page, and as the stream's `state` event whenever it changes. */
export interface VisitorState {
  /** Whether the questions before the first message are still to be asked. */
  preChat: 'ask' | 'done';
  /** Keys of questions that the website has answered: they aren't asked. */
  known: string[];
  /** Null where the chat has no business hours. */
  hours: { open: boolean; opensAt: string | null } | null;
  /** To be answered; the conversation it is about is resolved. */
  survey: { id: string; scale: 'faces' | 'thumbs' } | null;
  identified: boolean;
  /** The team has read the conversation up to there. */
  seen: { conversationId: string; seq: number } | null;
}

/** The stream's `typing` event: shown until `forMs` are over, the next message comes, or `typing` is false. */
export interface Typing {
  typing: boolean;
  from: 'bot' | 'agent';
  name?: string;
  forMs: number;
}

/** A question before the first message; `key` is what its answer is posted under. */
export interface PreChatField {
  key: string;
  kind: 'name' | 'email' | 'phone' | 'choice' | 'text';
  required: boolean;
  label: LocalizedText;
  options: { id: string; label: LocalizedText }[];
}

/** What the server wrote into the page. Texts of more than one language are chosen from here: see `localized`. */
export interface Facts {
  inboxId: string;
  title: string;
  greeting: string;
  accentColor: string;
  theme: TeloringTheme;
  /** `auto` or a code. */
  language: string;
  headerImage: string;
  team: string[];
  /** Null where nothing is asked. With words in `consent` it must be ticked. */
  preChat: { intro: LocalizedText; fields: PreChatField[]; consent: LocalizedText } | null;
  /** While the chat is open. */
  replyTime: LocalizedText;
  csatQuestion: LocalizedText;
  /** Without having been identified nobody may chat. */
  identityRequired: boolean;
}

export function readFacts(): Facts {
  const text = document.getElementById('facts')?.textContent;
  if (!text) throw new Error('The page carries no facts.');
  return JSON.parse(text) as Facts;
}
