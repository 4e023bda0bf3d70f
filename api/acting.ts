import type { Changer } from '#db/conversations.ts';
import type { Actor } from '#db/ownership.ts';
import type { RequestActor } from './deps.ts';

/** Who asks, as the rows of a conversation name them. */
export function actingAs(actor: RequestActor): Actor {
  return actor.userId === null
    ? { kind: 'api_key', id: actor.apiKeyId }
    : { kind: 'agent', id: actor.userId };
}

export function changing(actor: RequestActor): Changer {
  const { kind, id } = actingAs(actor);
  return { workspaceId: actor.workspaceId, actorKind: kind, actorId: id };
}
