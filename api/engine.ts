/** What the HTTP side asks of the durable side. Always called after the transaction committed: what fails here, the sweeper mends. */
import type { OwedWake } from '#domain/drive/snapshot.ts';

/** Which transaction has just committed; where tests crash. */
export type OwnershipPoint = 'takeover.committed' | 'giveback.committed' | 'cancel.committed';

export interface Engine {
  /** New events are committed: start their workflows. With ids, at once; without, from the rows. */
  eventsAccepted(eventIds?: readonly string[]): void;
  /** An agent's message is committed: start `outbound/<message id>`. */
  startOutbound(messageId: string): Promise<void>;
  /** Signals `run/<id>` for each wake that a transaction owes. */
  payWakes(wakes: readonly OwedWake[], after?: OwnershipPoint): Promise<void>;
}
