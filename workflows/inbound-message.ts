import { drive, local, regular } from './drive.ts';

/** One per accepted event. On the fast path: one workflow task, one local activity, six history events. */
export async function inboundMessage(eventId: string): Promise<void> {
  const report = await drive(
    () => local.driveEvent(eventId),
    () => regular.deliverEvent(eventId),
  );
  if (report.kind === 'done' && report.followUp) await regular.followUp(eventId);
}
