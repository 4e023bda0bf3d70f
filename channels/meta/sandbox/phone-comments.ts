/** Comments under the business's posts, by customers. */
import type { PhoneAct, PhoneInput } from '../../sandbox-contract.ts';
import { addComment, addPost, emitFeed } from './comments.ts';
import { instagramScopedId, numericId } from './ids.ts';
import { chatOf, messageOf, type Hands } from './phone.ts';
import { addFile, shownUrl, type Thread } from './world.ts';

/** Under the newest post where none is named; one is made where there is none. @throws Error */
export function commentBy(hands: Hands, input: PhoneInput): { chatId: string; messageId: string } {
  const { world, account } = hands;
  const thread = input.chatId === '' ? newestPost(hands) : chatOf(account, input.chatId);
  const parent = input.replyTo && input.replyTo !== thread.id ? messageOf(thread, input.replyTo) : null;
  const text = input.text ?? '';
  if (text === '' && !input.media) throw new Error('A comment needs a text.');
  const name = input.personName ?? 'Customer';
  const known = thread.messages.find(({ author, from }) => from === 'customer' && author === name);
  const made = account.kind === 'page' ? numericId(17, '2') : instagramScopedId();
  const comment = addComment(world.now(), account, thread, {
    parent: parent ? (parent.replyTo ?? parent.id) : null,
    text,
    ...(input.fromOwnApp
      ? { author: account.name, personId: account.id, from: 'business' }
      : { author: name, personId: input.personId ?? known?.personId ?? made, from: 'customer' }),
    ...(input.media ? { photo: shownUrl(addFile(world, input.media)) } : {}),
  });
  emitFeed(hands, account, thread, comment, 'add');
  return { chatId: thread.id, messageId: comment.id };
}

function newestPost({ world, account }: Hands): Thread {
  const posts = [...account.threads.values()].filter(({ kind }) => kind === 'post');
  return posts.at(-1) ?? addPost(world.now(), account, 'Fresh from the oven: our new autumn menu 🍂');
}

/** @throws Error */
export function actOnPosts(hands: Hands, act: Exclude<PhoneAct, { kind: 'post' }>): void {
  const thread = chatOf(hands.account, act.chatId);
  if (act.kind !== 'edit' && act.kind !== 'delete')
    throw new Error(`Comments know no such thing (${act.kind}); nothing was done.`);
  const comment = messageOf(thread, act.messageId);
  if (comment.id === thread.id) throw new Error('That is the post itself; nothing was done.');
  if (act.kind === 'delete') comment.deleted = true;
  else Object.assign(comment, { text: act.text, edited: true });
  // Instagram says nothing of either.
  emitFeed(hands, hands.account, thread, comment, act.kind === 'delete' ? 'remove' : 'edited');
}
