/** Drives conversations of a stack without workers: each execution is a call of the test's own. */
import { drive, type DriveOptions, type DriveReport } from '#activities/drive.ts';
import { acceptEvents, type Accepted } from '#db/inbound-events.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { Delivery } from './callback-receiver.ts';
import type { Stack } from './stack.ts';

export const answered = (delivery: Delivery) => ({
  status: 200,
  body: { id: `provider-${delivery.body.message.id}` },
});

export const textMessage = (contact: string, text: string, id = uuidV7()) => ({
  kind: 'message',
  eventId: id,
  threadKey: '',
  contact: { externalId: contact },
  parts: [{ kind: 'text', text }],
  providerMessageId: id,
});

export interface ByHand {
  acceptAll(events: ReturnType<typeof textMessage>[]): Promise<Accepted[]>;
  /** The event's id. */
  accept(contact: string, text: string): Promise<string>;
  driveEvent(eventId: string): Promise<DriveReport>;
  driveRun(runId: string): Promise<DriveReport>;
  /** The contact's newest conversation. */
  conversation(contact: string): Promise<{ id: string; run_id: string | null; lease_holder: string | null }>;
  openRun(contact: string): Promise<string>;
}

export function byHand(stack: Stack): ByHand {
  const options: DriveOptions = { mode: 'local', budgetMs: 5_000 };
  const hand: ByHand = {
    acceptAll: (events) =>
      acceptEvents(stack.runtime.deps.engineDb, {
        type: 'api',
        inbox: { id: stack.inboxId, workspaceId: stack.workspaceId, accountKey: stack.inboxId },
        raw: new Uint8Array(),
        events,
      }),
    async accept(contact, text) {
      const [accepted] = await hand.acceptAll([textMessage(contact, text)]);
      if (!accepted) throw new Error('Nothing was accepted.');
      return accepted.eventId;
    },
    driveEvent: (eventId) => drive(stack.runtime.activityDeps, { eventId }, `inbound/${eventId}`, options),
    driveRun: (runId) => drive(stack.runtime.activityDeps, { runId }, `run/${runId}`, options),
    async conversation(contact) {
      const [row] = await stack.query<{ id: string; run_id: string | null; lease_holder: string | null }>(
        `select c.id, c.run_id, c.lease_holder from conversations c join contacts k on k.id = c.contact_id
          where k.external_id = $1 order by c.created_at desc limit 1`,
        [contact],
      );
      if (!row) throw new Error('No conversation yet.');
      return row;
    },
    async openRun(contact) {
      const { run_id } = await hand.conversation(contact);
      if (run_id === null) throw new Error('No open run.');
      return run_id;
    },
  };
  return hand;
}
