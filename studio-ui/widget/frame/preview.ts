/** What the editor in the inbox's settings tells the preview to show. Types only. */
import type { Outgoing } from './outbox.ts';
import type { Facts, ThreadMessage, Typing, VisitorState } from './wire.ts';

export interface Preview {
  facts: Facts;
  messages: ThreadMessage[];
  outgoing: Outgoing[];
  state: VisitorState | null;
  typing: Typing | null;
  offline: boolean;
}
