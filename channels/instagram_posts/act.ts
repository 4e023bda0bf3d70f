import type { CommentAction } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callInstagram, type InstagramInbox } from '../instagram/call.ts';

/** Hides, shows or deletes a comment; what is gone already counts as deleted. @throws ChannelError */
export async function actOnComment(
  http: HttpClient,
  inbox: InstagramInbox,
  action: CommentAction,
  commentId: string,
  signal: AbortSignal,
): Promise<void> {
  const path = `/${encodeURIComponent(commentId)}`;
  if (action === 'hide' || action === 'unhide') {
    await callInstagram(http, inbox, { method: 'POST', path, json: { hide: action === 'hide' }, signal });
    return;
  }
  if (action !== 'delete') throw new ChannelError('permanent', 'Instagram lets no app like comments.');
  try {
    await callInstagram(http, inbox, { method: 'DELETE', path, signal });
  } catch (error) {
    if (error instanceof ChannelError && error.providerCode === '100/33') return;
    throw error;
  }
}
