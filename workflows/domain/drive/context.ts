import type { RunContext } from '../flow/types.ts';
import { messageWindow } from '../window.ts';
import type { DriveSnapshot, DriveTools } from './snapshot.ts';

/** What a run can see, of what one transaction sees. */
export function contextOf(snapshot: DriveSnapshot, tools: DriveTools): RunContext {
  const { conversation, inbox } = snapshot;
  return {
    nowMs: snapshot.nowMs,
    contact: snapshot.contact,
    customer: snapshot.customer,
    conversation: {
      id: conversation.id,
      status: conversation.status,
      priority: conversation.priority,
      labels: conversation.labels,
      windowOpen: windowOpen(snapshot, tools),
    },
    inbox: { id: inbox.id, name: inbox.name, type: inbox.type },
    capabilities: tools.capabilities,
  };
}

/** For bots: a longer window for people says nothing here. */
function windowOpen({ conversation, nowMs }: DriveSnapshot, { capabilities }: DriveTools): boolean {
  const rule = capabilities.window;
  if (rule === undefined) return true;
  const lastInAt = conversation.lastInAtMs === null ? null : new Date(conversation.lastInAtMs);
  return messageWindow(rule, { lastInAt, sentSinceLastIn: conversation.sentSinceLastIn }, new Date(nowMs))
    .open;
}
