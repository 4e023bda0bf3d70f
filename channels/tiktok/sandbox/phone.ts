/** The people's side of the double. */
import type { PhoneAct, PhoneInput, SandboxPhone } from '../../sandbox-contract.ts';
import { newChat, nextId, type Account, type Chat, type Line, type World } from './account.ts';
import { emit, emitLine, emitRead, partiesOf } from './events.ts';
import { shownChat } from './shown.ts';

export function createTikTokPhone(world: World, account: Account): SandboxPhone {
  return {
    abilities: ['text', 'image', 'video', 'sticker', 'reply', 'choose', 'react', 'read', 'from_own_app'],
    chats: () => [...account.chats.values()].map(shownChat),
    write: (input) => write(world, account, input),
    act: (act) => actOn(world, account, act),
    ledger: () => account.ledger,
    addFault: (fault) => account.faults.add(fault),
    clearFaults: () => account.faults.clear(),
    setDelivery: (change) => account.courier.setDelivery(change),
    release: () => account.courier.release(),
    settled: () => account.courier.settled(),
    facts: () => ({
      webhookUrl: world.callbackUrl ?? null,
      endedTokens: world.ended.size,
      markedRead: account.markedRead,
    }),
  };
}

/** A new chat needs no id; an unknown one gets its own. @throws Error */
function write(world: World, account: Account, input: PhoneInput): { chatId: string; messageId: string } {
  const known = account.chats.get(input.chatId);
  if (!known && input.chatId !== '' && input.personId === undefined && input.personName === undefined)
    throw new Error(`There is no chat “${input.chatId}”. Leave it empty to begin one.`);
  const userId = input.personId ?? `user-${nextId()}`;
  const chat = known ?? newChat(account, userId, input.personName ?? `customer.${userId.slice(-4)}`);
  const line: Line = {
    id: nextId(),
    from: input.fromOwnApp ? 'business' : 'customer',
    author: input.fromOwnApp ? account.username : chat.username,
    atMs: Date.now(),
    content: contentOf(world, chat, input),
    ...(input.replyTo === undefined ? {} : { replyTo: lineOf(chat, input.replyTo).id }),
  };
  chat.lines.push(line);
  emitLine(world, account, chat, line, 'APP');
  return { chatId: chat.id, messageId: line.id };
}

function contentOf(
  world: World,
  chat: Chat,
  { text, media, choiceId, replyTo }: PhoneInput,
): Line['content'] {
  if (choiceId !== undefined) {
    const asked = lineOf(chat, replyTo ?? '');
    const choice = shownChat({ ...chat, lines: [asked] }).messages[0]?.choices.find(
      ({ id }) => id === choiceId,
    );
    if (!choice) throw new Error('That message has no such button.');
    return {
      type: 'text',
      text: { body: choice.label },
      reply_source_payload: { reply_source_msg_id: asked.id, reply_source_unique_id: choice.id },
    };
  }
  if (media) {
    const { kind, bytes, mimeType, name } = media;
    if (kind === 'audio' || kind === 'file') throw new Error(`TikTok’s people can’t send this (${kind}).`);
    const id = nextId();
    world.files.set(id, { bytes, mimeType, ...(name ? { name } : {}) });
    if (kind === 'sticker')
      return { type: 'sticker', sticker: { url: `${world.deps.sandboxUrl}/tiktok/api/sticker/${id}` } };
    return { type: kind, [kind]: { media_id: id } };
  }
  if (!text) throw new Error('A message needs something in it: a text, a picture or a video.');
  return { type: 'text', text: { body: text } };
}

function actOn(world: World, account: Account, act: PhoneAct): void {
  if (act.kind !== 'react' && act.kind !== 'status')
    throw new Error(`TikTok tells businesses of no such thing (${act.kind}); nothing was done.`);
  const chat = account.chats.get(act.chatId);
  if (!chat) throw new Error(`There is no chat ${act.chatId}.`);
  if (act.kind === 'status') {
    if (act.status !== 'read')
      throw new Error(`TikTok tells what was read, not what was ${act.status}; nothing was done.`);
    return emitRead(world, account, chat);
  }
  const line = lineOf(chat, act.messageId);
  const emoji = act.emoji || line.reaction;
  if (emoji === undefined) throw new Error('There is no reaction to take back.');
  emit(world, account, 'im_receive_msg', {
    ...partiesOf(account, chat, 'customer'),
    message_id: nextId(),
    timestamp: Date.now(),
    type: 'reaction',
    reaction: [
      {
        operation: act.emoji === '' ? 'REMOVE' : 'ADD',
        type: 'EMOJI',
        emoji,
        unique_identifier: chat.userId,
        timestamp: Date.now(),
        original_msg_id: line.id,
      },
    ],
    message_tag: { source: 'APP' },
  });
  if (act.emoji === '') delete line.reaction;
  else line.reaction = act.emoji;
}

function lineOf(chat: Chat, messageId: string): Line {
  const line = chat.lines.find(({ id }) => id === messageId);
  if (!line) throw new Error(`There is no message ${messageId} in this chat.`);
  return line;
}
