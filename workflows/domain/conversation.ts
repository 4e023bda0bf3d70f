export const CONVERSATION_STATUSES = ['open', 'pending', 'snoozed', 'resolved'] as const;
export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];
export const PRIORITIES = ['none', 'low', 'medium', 'high', 'urgent'] as const;
export type Priority = (typeof PRIORITIES)[number];
/** Who answers: a flow run, a person, or nobody. On the wire a run is called `bot`. */
export type Owner = 'run' | 'human' | 'none';

/** The message window: whether we may write to the contact now, and until when. */
export interface MessageWindow {
  open: boolean;
  closesAt?: string;
  /** Messages left in this window, where the channel counts them. */
  remaining?: number;
  /** While it is closed, approved templates may still be sent. */
  templates?: boolean;
  /** People may write longer than bots. */
  human?: { open: boolean; closesAt: string };
}
