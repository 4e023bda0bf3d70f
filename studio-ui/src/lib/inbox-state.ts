import type { Inbox } from './api/types.ts';

/** Whether somebody should look at it. */
export const isUnwell = (inbox: Pick<Inbox, 'state'>): boolean =>
  inbox.state === 'needs_attention' || inbox.state === 'disconnected' || inbox.state === 'degraded';
