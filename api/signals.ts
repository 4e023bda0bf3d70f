/** Telling a contact that somebody types or has read: best effort, stored nowhere. */
import { inWorkspace } from '#db/client.ts';
import type { ConversationRow } from '#db/conversations.ts';
import { lastInbound } from '#db/messages.ts';
import { asObject } from './shapes/inbox.ts';
import type { ApiDeps } from './deps.ts';

const timeoutMs = 5_000;
/** Providers show "typing" for about this long. */
const quietMs = 3_000;
const mostRemembered = 10_000;

export type Signals = (conversation: ConversationRow, kind: 'typing' | 'read') => Promise<void>;

/** At most one signal of a kind per conversation and three seconds, by this process. Never throws. */
export function createSignals(deps: Pick<ApiDeps, 'registry' | 'inboxes' | 'appDb' | 'log'>): Signals {
  const lastMs = new Map<string, number>();

  function tooSoon(key: string): boolean {
    const nowMs = performance.now();
    if (nowMs - (lastMs.get(key) ?? -quietMs) < quietMs) return true;
    if (lastMs.size >= mostRemembered) lastMs.clear();
    lastMs.set(key, nowMs);
    return false;
  }

  return async (conversation, kind) => {
    try {
      const inbox = await deps.inboxes.byId(conversation.inbox_id);
      if (!inbox || !inbox.canSend || inbox.deletedAt !== null) return;
      const adapter = Object.entries(deps.registry).find(([type]) => type === inbox.type)?.[1];
      if (!adapter?.signal || tooSoon(`${kind}/${conversation.id}`)) return;
      const last = await inWorkspace(deps.appDb, conversation.workspace_id, (tx) =>
        lastInbound(tx, conversation.id),
      );
      const lastMessage =
        last?.provider_message_id == null
          ? null
          : {
              providerMessageId: last.provider_message_id,
              ...(last.provider_ref !== null && { reference: asObject(last.provider_ref) }),
            };
      await adapter.signal(
        inbox,
        kind,
        {
          contactExternalId: conversation.contact_external_id,
          threadKey: conversation.thread_key,
          replyAddress: asObject(conversation.reply_address),
          lastInbound: lastMessage,
        },
        AbortSignal.timeout(timeoutMs),
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.log.info(
        { conversationId: conversation.id, kind, reason },
        'The contact could not be shown a signal.',
      );
    }
  };
}
