/** What can be done with a comment as it is now, from the channel's definition. Pure. */
import type { CommentAction } from '#domain/channel.ts';
import type { Message } from '../../lib/api/types.ts';

export interface CommentItem {
  action: CommentAction;
  label: string;
  /** Said where the provider refuses. */
  failed: string;
  /** Can't be taken back. */
  isFinal?: true;
}

const ITEMS: Record<CommentAction, Omit<CommentItem, 'action'> & { fits: (comment: Message) => boolean }> = {
  hide: { label: 'Hide comment', failed: 'The comment couldn’t be hidden', fits: (one) => !one.hiddenAt },
  unhide: {
    label: 'Show comment again',
    failed: 'The comment couldn’t be shown again',
    fits: (one) => Boolean(one.hiddenAt),
  },
  like: { label: 'Like comment', failed: 'The comment couldn’t be liked', fits: (one) => !one.likedAt },
  unlike: {
    label: 'Take back the like',
    failed: 'The like couldn’t be taken back',
    fits: (one) => Boolean(one.likedAt),
  },
  delete: {
    label: 'Delete comment…',
    failed: 'The comment couldn’t be deleted',
    isFinal: true,
    fits: () => true,
  },
};

export function commentActions(comment: Message, actions: readonly CommentAction[]): CommentItem[] {
  if (comment.deletedAt) return [];
  return actions
    .filter((action) => ITEMS[action].fits(comment))
    .map((action) => {
      const { fits: _fits, ...item } = ITEMS[action];
      return { action, ...item };
    });
}
