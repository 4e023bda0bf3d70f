/** The visitor API as the frame sees it (api/live-chat/visitor-shapes.ts is the other side). Unknown part kinds are shown as such. */
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
}

/** What the server wrote into the page. */
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
}

export function readFacts(): Facts {
  const text = document.getElementById('facts')?.textContent;
  if (!text) throw new Error('The page carries no facts.');
  return JSON.parse(text) as Facts;
}
