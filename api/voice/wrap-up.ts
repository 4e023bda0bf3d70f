import { settingsOf } from '#channels/voice/inbox.ts';
import { audit } from '#db/audit.ts';
import { findCall, wrapUp } from '#db/calls.ts';
import { inWorkspace } from '#db/client.ts';
import { agentReply } from '#db/ownership.ts';
import { uuidV7 } from '#domain/ids.ts';
import { actingAs } from '../acting.ts';
import { storable } from '../body.ts';
import type { ApiDeps, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { voiceInbox } from './inbox.ts';

/** Time after one's own call, and a note for colleagues in its conversation. */
export async function finishCall(
  deps: ApiDeps,
  actor: RequestActor & { userId: string },
  callId: string,
  { seconds, note }: { seconds?: number | undefined; note?: string | undefined },
): Promise<void> {
  const call = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findCall(tx, callId));
  if (!call) throw notFound('call');
  if (call.agent_id !== actor.userId)
    throw new ApiError(403, 'not_yours', 'This call is not yours; nothing was changed.');
  if (call.state !== 'ended') throw new ApiError(409, 'not_over', 'The call goes on; nothing was changed.');
  const inbox = await voiceInbox(deps, actor.workspaceId, call.inbox_id);
  const text = storable(note ?? '').trim();
  await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
    await wrapUp(tx, callId, seconds ?? settingsOf(inbox).wrapUpSeconds);
    if (text === '' || call.conversation_id === null) return;
    await agentReply(tx, {
      workspaceId: actor.workspaceId,
      conversationId: call.conversation_id,
      actor: actingAs(actor),
      authorName: actor.name,
      clientMessageId: `wrap-up/${callId}/${uuidV7()}`,
      units: [[{ kind: 'text', text }]],
      isPrivate: true,
    });
    await audit(
      tx,
      actor,
      'message.noted',
      { kind: 'call', id: callId },
      { conversationId: call.conversation_id },
    );
  });
  deps.feed.poke();
}
