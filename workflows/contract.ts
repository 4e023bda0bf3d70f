/** Names shared by client, workers and workflows: queues, workflow ids, signals. Loadable in Node and in the bundle. */
import { defineSignal } from '@temporalio/workflow';

export const QUEUES = { inbound: 'inbound', flows: 'flows' } as const;

/** A hint that the rows have changed; carries nothing, the woken one looks at the rows. */
export const wake = defineSignal('wake');

export const inboundWorkflowId = (eventId: string): string => `inbound/${eventId}`;
export const runWorkflowId = (runId: string): string => `run/${runId}`;
export const outboundWorkflowId = (messageId: string): string => `outbound/${messageId}`;

/** Looks after the subscription that tells us of a mailbox's new mails. */
export const subscriptionWorkflowId = (inboxId: string): string => `subscription/${inboxId}`;

export const SEARCH_ATTRIBUTES = ['WorkspaceId', 'InboxId', 'ConversationId', 'FlowId'] as const;
