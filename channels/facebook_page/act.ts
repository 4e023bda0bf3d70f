import type { CommentAction } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import type { GraphCall } from '../meta/graph.ts';
import { callPage, type PageInbox } from '../meta/page.ts';
import { commentState } from './wire.ts';

type Call = Pick<GraphCall, 'method' | 'form'> & { edge: string };

const calls: Record<CommentAction, Call> = {
  hide: { method: 'POST', edge: '', form: { is_hidden: 'true' } },
  unhide: { method: 'POST', edge: '', form: { is_hidden: 'false' } },
  like: { method: 'POST', edge: '/likes' },
  unlike: { method: 'DELETE', edge: '/likes' },
  delete: { method: 'DELETE', edge: '' },
};

/** Does it; where Meta refuses because it is so already, that is as good. @throws ChannelError */
export async function actOnComment(
  http: HttpClient,
  inbox: PageInbox,
  action: CommentAction,
  commentId: string,
  signal: AbortSignal,
): Promise<void> {
  const { edge, ...call } = calls[action];
  const path = `/${encodeURIComponent(commentId)}`;
  try {
    await callPage(http, inbox, { ...call, path: path + edge, signal });
  } catch (error) {
    if (
      error instanceof ChannelError &&
      error.kind === 'permanent' &&
      (await isDone(http, inbox, action, path, signal))
    )
      return;
    throw error;
  }
}

/** Whether the comment is as the action wants it. */
async function isDone(
  http: HttpClient,
  inbox: PageInbox,
  action: CommentAction,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const query = { fields: 'is_hidden,user_likes' };
    const read = commentState.safeParse(await callPage(http, inbox, { method: 'GET', path, query, signal }));
    if (!read.success) return false;
    const { is_hidden: isHidden, user_likes: liked } = read.data;
    const states: Record<CommentAction, boolean> = {
      hide: isHidden === true,
      unhide: isHidden === false,
      like: liked === true,
      unlike: liked === false,
      delete: false,
    };
    return states[action];
  } catch (error) {
    // Gone is what deleting wanted.
    return action === 'delete' && error instanceof ChannelError && error.providerCode === '100/33';
  }
}
