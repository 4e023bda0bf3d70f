/** Posts and comments of pages and Instagram accounts, from the business's side. What it does comes back by webhook, as at Meta. */
import { answer, GraphRefusal, invalidParameter, noSuchObject } from './answers.ts';
import type { Call } from './call.ts';
import { flagOf, textOf } from './fields.ts';
import { mediaId, numericId } from './ids.ts';
import type { FeedValue } from './webhook-bodies.ts';
import { addMessage, type Account, type StoredMessage, type Thread } from './world.ts';

export interface Place {
  account: Account;
  thread: Thread;
  /** Null: the post itself. */
  comment: StoredMessage | null;
}

/** The post or comment of this id, wherever it is; posts an earlier process knew are gone, and that is said as Meta does. */
export function placeOf(accounts: Iterable<Account>, id: string): Place | null {
  for (const account of accounts) {
    for (const thread of account.threads.values()) {
      if (thread.kind !== 'post') continue;
      if (thread.id === id) return { account, thread, comment: null };
      const comment = thread.messages.find((message) => message.id === id);
      if (comment) return { account, thread, comment };
    }
  }
  return null;
}

/** `/{comment or post}[/comments|replies|likes]`. @throws GraphRefusal */
export function commentCall(call: Call, place: Place): Response {
  const { account, thread, comment } = place;
  const edge = call.segments[1];
  if (comment?.deleted) throw noSuchObject(comment.id);
  if (edge === 'comments' || edge === 'replies') {
    return call.method === 'GET' ? listed(place) : reply(call, place, edge);
  }
  if (edge === 'likes') {
    if (!comment || account.kind === 'instagram') throw noSuchObject(call.segments[0] ?? '');
    comment.reactions = call.method === 'DELETE' ? [] : ['👍'];
    return answer({ success: true });
  }
  if (call.method === 'GET')
    return answer(comment ? commentFacts(place, comment) : postFacts(account, thread));
  if (!comment) throw noSuchObject(thread.id);
  if (call.method === 'DELETE') {
    comment.deleted = true;
    emitFeed(call, account, thread, comment, 'remove');
    return answer({ success: true });
  }
  const hide = call.fields.values['is_hidden'] ?? call.fields.values['hide'];
  if (hide !== undefined) {
    comment.hidden = flagOf(hide);
    emitFeed(call, account, thread, comment, comment.hidden ? 'hide' : 'unhide');
  } else {
    if (comment.from !== 'business') throw new GraphRefusal(200, '(#200) Permissions error', { status: 403 });
    Object.assign(comment, { text: textOf(call.fields.values['message']), edited: true });
    emitFeed(call, account, thread, comment, 'edited');
  }
  return answer({ success: true });
}

function reply(call: Call, { account, thread, comment }: Place, edge: string): Response {
  const isInstagram = account.kind === 'instagram';
  if (isInstagram && edge !== (comment ? 'replies' : 'comments')) throw noSuchObject(call.segments[0] ?? '');
  const message = textOf(call.fields.values['message']);
  const attachment = textOf(call.fields.values['attachment_url']);
  if (message === '' && (isInstagram || attachment === ''))
    throw invalidParameter('Invalid parameter: message is required');
  if (message.length > (isInstagram ? 2200 : 8000)) throw invalidParameter('The comment is too long.');
  if (isInstagram && comment?.hidden)
    throw new GraphRefusal(100, '(#100) Hidden comments cannot be replied to.');
  const stored = addComment(call.world.now(), account, thread, {
    // Two levels only: an answer to an answer hangs on the top one.
    parent: comment?.replyTo ?? comment?.id ?? null,
    text: message,
    author: account.name,
    personId: account.id,
    from: 'business',
    ...(attachment === '' ? {} : { photo: attachment }),
  });
  account.ledger.push({
    atMs: stored.atMs,
    providerMessageId: stored.id,
    to: comment?.id ?? thread.id,
    request: call.fields.values,
  });
  emitFeed(call, account, thread, stored, 'add');
  return answer({ id: stored.id });
}

export function addComment(
  nowMs: number,
  account: Account,
  thread: Thread,
  comment: {
    parent: string | null;
    text: string;
    author: string;
    personId: string;
    from: 'customer' | 'business';
    photo?: string;
  },
): StoredMessage {
  const id =
    account.kind === 'page'
      ? `${thread.id.split('_')[1] ?? thread.id}_${numericId(16)}`
      : numericId(17, '1785');
  return addMessage(thread, {
    id,
    from: comment.from,
    author: comment.author,
    personId: comment.personId,
    atMs: nowMs,
    text: comment.text,
    media: comment.photo ? [{ kind: 'image', url: comment.photo }] : [],
    ...(comment.parent === null ? {} : { replyTo: comment.parent }),
  });
}

/** A new post of the business. */
export function addPost(nowMs: number, account: Account, text: string): Thread {
  const id = account.kind === 'page' ? `${account.id}_${numericId(15)}` : mediaId();
  const thread: Thread = {
    id,
    kind: 'post',
    person: { id: account.id, name: account.name },
    blocked: false,
    typingUntilMs: 0,
    lastInAtMs: null,
    byPrivateReply: false,
    messages: [],
  };
  account.threads.set(id, thread);
  addMessage(thread, {
    id,
    from: 'business',
    author: account.name,
    atMs: nowMs,
    personId: account.id,
    text,
    note: 'Post',
  });
  return thread;
}

/** Facebook's feed tells everything; Instagram only new comments. */
export function emitFeed(
  { world, webhooks }: Pick<Call, 'world' | 'webhooks'>,
  account: Account,
  thread: Thread,
  comment: StoredMessage,
  verb: FeedValue['verb'],
): void {
  if (account.kind === 'instagram') {
    if (verb !== 'add') return;
    const from = { id: comment.personId, username: comment.author };
    const parent = comment.replyTo ? { parent_id: comment.replyTo } : {};
    const value = {
      id: comment.id,
      text: comment.text,
      from,
      media: { id: thread.id, media_product_type: 'FEED' as const },
      ...parent,
    };
    return webhooks.emit(account, 'comments', { change: { field: 'comments', value } });
  }
  const photo = comment.media[0]?.url;
  webhooks.emit(account, 'feed', {
    change: {
      field: 'feed',
      value: {
        item: 'comment',
        verb,
        from: { id: comment.personId, name: comment.author },
        post_id: thread.id,
        comment_id: comment.id,
        parent_id: comment.replyTo ?? thread.id,
        created_time: Math.floor(comment.atMs / 1000),
        ...(verb === 'remove' ? {} : { message: comment.text }),
        ...(photo
          ? {
              photo: photo.startsWith('/sandbox/')
                ? photo.replace(/^\/sandbox/, world.deps.sandboxUrl).replace('/phone/', '/attachment/')
                : photo,
            }
          : {}),
        post: {
          id: thread.id,
          permalink_url: `https://www.facebook.com/${thread.id.replace('_', '/posts/')}`,
          status_type: 'mobile_status_update',
          updated_time: new Date(comment.atMs).toISOString().replace(/\.\d+Z$/, '+0000'),
          is_published: true,
        },
      },
    },
  });
}

function listed({ thread, comment, account }: Place): Response {
  const all = thread.messages.filter((each) => each.note !== 'Post' && !each.deleted);
  const shown = comment ? all.filter(({ replyTo }) => replyTo === comment.id) : all;
  return answer({
    data: shown.map((each) => commentFacts({ account, thread, comment: each }, each)),
    paging: {},
  });
}
function commentFacts({ account, thread }: Place, comment: StoredMessage): object {
  const time = new Date(comment.atMs).toISOString().replace(/\.\d+Z$/, '+0000');
  if (account.kind === 'instagram')
    return {
      id: comment.id,
      text: comment.text,
      username: comment.author,
      from: { id: comment.personId, username: comment.author },
      timestamp: time,
      hidden: comment.hidden ?? false,
      media: { id: thread.id },
    };
  return {
    id: comment.id,
    message: comment.text,
    from: { id: comment.personId, name: comment.author },
    created_time: time,
    is_hidden: comment.hidden ?? false,
    can_hide: comment.from === 'customer',
    can_reply_privately: !comment.privateReply,
    permalink_url: `https://www.facebook.com/${comment.id}`,
  };
}
function postFacts(account: Account, thread: Thread): object {
  const post = thread.messages[0];
  const time = new Date(post?.atMs ?? 0).toISOString().replace(/\.\d+Z$/, '+0000');
  if (account.kind === 'instagram')
    return {
      id: thread.id,
      caption: post?.text,
      permalink: `https://www.instagram.com/p/${thread.id}/`,
      media_type: 'IMAGE',
      timestamp: time,
      username: account.name,
    };
  return {
    id: thread.id,
    message: post?.text,
    permalink_url: `https://www.facebook.com/${thread.id.replace('_', '/posts/')}`,
    created_time: time,
    from: { id: account.id, name: account.name },
  };
}
