/** Events of calls that don't come by a webhook: stored the same way, exactly once by their id, and shown before the answer. */
import type { InboundMessageEvent } from '#channels/contract.ts';
import { ingestEvent } from '#db/drive.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import { poolOf } from '#db/client.ts';
import type { ApiDeps } from '../deps.ts';

interface InboxRef {
  id: string;
  type: string;
  workspaceId: string;
  accountKey: string;
}

/** @returns the conversation of the last one */
export async function acceptCallEvents(
  deps: Pick<ApiDeps, 'engineDb' | 'engine' | 'feed'>,
  inbox: InboxRef,
  events: readonly InboundMessageEvent[],
): Promise<string | null> {
  const accepted = await acceptEvents(deps.engineDb, {
    type: inbox.type,
    inbox,
    events,
    raw: Buffer.from(JSON.stringify(events)),
  });
  // Before their workflows start: those find them ingested and only drive.
  let conversationId: string | null = null;
  for (const { eventId } of accepted) conversationId = await ingestEvent(poolOf(deps.engineDb), eventId);
  deps.engine.eventsAccepted(accepted.filter(({ starts }) => starts));
  deps.feed.poke();
  return conversationId;
}
