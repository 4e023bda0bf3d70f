/** What the HTTP side asks of the durable side. Always called after the transaction committed: what fails here, the sweeper mends. */
import type { StartableEvent } from '#db/inbound-events.ts';
import type { OwedWake } from '#domain/drive/snapshot.ts';

/** Which transaction has just committed; where tests crash. */
export type OwnershipPoint = 'takeover.committed' | 'giveback.committed' | 'cancel.committed';

export interface Engine {
  /** New events are committed: start their workflows. With them, at once; without, from the rows. */
  eventsAccepted(events?: readonly StartableEvent[]): void;
  /** An agent's message is committed: start `outbound/<message id>`. */
  startOutbound(messageId: string): Promise<void>;
  /** A Microsoft mailbox was connected, or Microsoft said something of its subscription: wakes or starts `subscription/<inbox id>`. */
  keepSubscription(inboxId: string): Promise<void>;
  /** Signals `run/<id>` for each wake that a transaction owes. */
  payWakes(wakes: readonly OwedWake[], after?: OwnershipPoint): Promise<void>;
}
