/** What the adapter asks of our own rows: who leads a call, who is there to be rung, whether a call of ours may be dialled. */
import type { CallDirection, RingStrategy } from '#domain/call.ts';

export interface Placed {
  id: string;
  from: string;
  to: string;
  direction: CallDirection;
  agentId: string | null;
  held: boolean;
  customerLeg: string | null;
  providerCallId: string | null;
  state: string;
}
interface InboxRef {
  id: string;
  workspaceId: string;
}

export interface VoiceDesk {
  /** Whether a flow listens to calls of this inbox. */
  listens(inbox: InboxRef): Promise<boolean>;
  /** A flow wants to lead the call; from then on the team doesn't take it over by itself. */
  take(inbox: InboxRef, threadKey: string): Promise<'ok' | 'taken' | 'ended'>;
  holding(
    inbox: InboxRef,
    threadKey: string,
    patienceSeconds: number,
  ): Promise<'hold' | 'pick_up' | 'desk' | 'hang_up'>;
  /** Chooses who is rung and notes it. @returns user ids, empty where nobody is free */
  ring(
    inbox: InboxRef,
    threadKey: string,
    whom: { agentIds?: readonly string[]; teamId?: string; strategy: RingStrategy },
  ): Promise<string[]>;
  stopRinging(inbox: InboxRef, threadKey: string): Promise<void>;
  answered(inbox: InboxRef, threadKey: string): Promise<void>;
  /** Null: it must not be dialled. */
  dial(
    inbox: InboxRef,
    input: { callId: string; userId: string; providerCallId: string },
  ): Promise<Placed | null>;
  callAt(inbox: InboxRef, threadKey: string): Promise<Placed | null>;
  /** By the provider's id of the agent's side. */
  placedBy(inbox: InboxRef, providerCallId: string): Promise<Placed | null>;
}
