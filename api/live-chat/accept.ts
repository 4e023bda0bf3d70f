/** Into the ingress, like any provider's webhook. */
import type { AdapterInbox, ChannelEvent } from '#channels/contract.ts';
import { receiptEvents } from '#channels/live_chat/receipts.ts';
import type { Receipt } from '#channels/live_chat/wire.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import type { VisitorKey } from '#db/visitors.ts';
import type { LiveChatDeps } from './visitors.ts';

export async function accept(
  deps: Pick<LiveChatDeps, 'engineDb' | 'engine'>,
  inbox: AdapterInbox,
  events: ChannelEvent[],
  raw: Uint8Array,
) {
  const { id, workspaceId, accountKey, type } = inbox;
  const results = await acceptEvents(deps.engineDb, {
    type,
    inbox: { id, workspaceId, accountKey },
    events,
    raw,
  });
  deps.engine.eventsAccepted(results.filter(({ starts }) => starts));
  return results;
}

/** Messages that are known to be this visitor's. */
export async function acceptReceipt(
  deps: Pick<LiveChatDeps, 'engineDb' | 'engine'>,
  inbox: AdapterInbox,
  visitor: VisitorKey,
  receipt: Receipt,
): Promise<void> {
  if (receipt.messageIds.length === 0) return;
  const events = receiptEvents(receipt, visitor.externalId, Date.now());
  await accept(deps, inbox, events, new TextEncoder().encode(JSON.stringify({ receipt })));
}
