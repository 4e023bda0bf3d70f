/** The voice adapter's questions, answered from our rows. */
import type pg from 'pg';
import type { Placed, VoiceDesk } from '#channels/voice/desk.ts';
import {
  assignAnswered,
  callAt,
  callOfLeg,
  dial,
  flowListens,
  holding,
  ring,
  stopRinging,
  takeForFlow,
  type CallRow,
} from '#db/calls.ts';

/** @param told called after what the screens want to hear */
export function createVoiceDesk(pool: pg.Pool, told: () => void): VoiceDesk {
  return {
    listens: (inbox) => flowListens(pool, inbox.workspaceId, inbox.id),
    take: (inbox, threadKey) => takeForFlow(pool, inbox.id, threadKey),
    holding: (inbox, threadKey, seconds) => holding(pool, inbox.id, threadKey, seconds),
    async ring(inbox, threadKey, { agentIds, teamId, strategy }) {
      const rung = await ring(pool, {
        workspaceId: inbox.workspaceId,
        inboxId: inbox.id,
        threadKey,
        strategy,
        ...(agentIds && { agentIds }),
        ...(teamId !== undefined && { teamId }),
      });
      told();
      return rung;
    },
    async stopRinging(inbox, threadKey) {
      await stopRinging(pool, inbox.id, threadKey);
      told();
    },
    answered: (inbox, threadKey) => assignAnswered(pool, inbox.id, threadKey),
    async dial(inbox, input) {
      const row = await dial(pool, { inboxId: inbox.id, ...input });
      told();
      return row && placed(row);
    },
    async callAt(inbox, threadKey) {
      const row = await callAt(pool, inbox.id, threadKey);
      return row && placed(row);
    },
    async placedBy(inbox, providerCallId) {
      const row = await callOfLeg(pool, inbox.id, providerCallId);
      return row && placed(row);
    },
  };
}

function placed(row: CallRow): Placed {
  return {
    id: row.id,
    from: row.from_number,
    to: row.to_number,
    direction: row.direction,
    agentId: row.agent_id,
    held: row.held,
    customerLeg: row.customer_leg,
    providerCallId: row.provider_call_id,
    state: row.state,
  };
}
