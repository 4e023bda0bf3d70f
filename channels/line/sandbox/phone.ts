/** The people's side of the double. */
import type { JsonObject } from '#domain/json.ts';
import type { PhoneAct, PhoneInput, SandboxFault, SandboxPhone } from '../../sandbox-contract.ts';
import {
  chatOf,
  idOf,
  isLineId,
  newToken,
  nextMessageId,
  type Account,
  type Chat,
  type Line,
} from './account.ts';
import { emit } from './events.ts';
import { shownChat } from './shown.ts';

export function createLinePhone(account: Account): SandboxPhone {
  return {
    abilities: [
      'text',
      'image',
      'audio',
      'video',
      'file',
      'sticker',
      'location',
      'reply',
      'choose',
      'edit',
      'delete',
      'block',
      'group',
    ],
    chats: () => [...account.chats.values()].map(shownChat),
    write: (input) => write(account, input),
    act: (act) => actOn(account, act),
    ledger: () => account.ledger,
    addFault(fault) {
      if (fault.kind === 'window_closed')
        throw new Error('LINE has no message window that could close; nothing was done.');
      account.faults.add(fault satisfies SandboxFault);
    },
    clearFaults: () => account.faults.clear(),
    setDelivery: (change) => account.courier.setDelivery(change),
    release: () => account.courier.release(),
    settled: () => account.courier.settled(),
    facts: () => ({
      webhookUrl: account.webhook?.url ?? null,
      webhookActive: account.webhook?.active ?? false,
      pushedThisMonth: account.pushed,
      markedRead: account.read,
    }),
  };
}

/** A new chat needs no id; one that begins with C or R is a group or room. @throws Error */
function write(account: Account, input: PhoneInput): { chatId: string; messageId: string } {
  const person = personOf(account, input);
  const chatId =
    input.chatId === '' ? person.id : isLineId(input.chatId) ? input.chatId : newChatId(input.chatId);
  const chat = chatOf(account, chatId, chatId.startsWith('U') ? person.name : undefined);
  if (chat.blocked) throw new Error(`${chat.title} has blocked the account or put it out; unblock it first.`);
  if (input.choiceId !== undefined) return press(account, chat, person, input);
  const id = nextMessageId();
  const { message, file } = contentOf(input);
  const tokens = { quoteToken: newToken(), markAsReadToken: newToken() };
  account.readTokens.set(tokens.markAsReadToken, id);
  if (file) account.files.set(id, file);
  const quoted: JsonObject =
    input.replyTo === undefined ? {} : { quotedMessageId: lineOf(chat, input.replyTo).id };
  const whole: JsonObject = { id, ...message, ...tokens, ...quoted };
  add(chat, person, id, whole);
  emit(account, chat, person.id, { type: 'message', message: whole });
  return { chatId: chat.id, messageId: id };
}

interface Person {
  id: string;
  name: string;
}

function personOf(account: Account, { chatId, personId, personName }: PhoneInput): Person {
  const direct = chatId.startsWith('U') && isLineId(chatId) ? chatId : undefined;
  const lastInGroup = account.chats.get(chatId)?.lines.findLast(({ from }) => from === 'customer')?.authorId;
  const given = personId ?? direct ?? (personName === undefined ? lastInGroup : undefined);
  const id = given === undefined ? idOf('U', newToken()) : isLineId(given) ? given : idOf('U', given);
  const name = personName ?? account.people.get(id) ?? `Customer ${id.slice(1, 5)}`;
  account.people.set(id, name);
  return { id, name };
}

function newChatId(given: string): string {
  if (/^(c|group)/i.test(given)) return idOf('C', given);
  if (/^(r|room)/i.test(given)) return idOf('R', given);
  throw new Error(`There is no chat “${given}”. Leave it empty to begin one.`);
}

function contentOf({ text, media, location }: PhoneInput): {
  message: JsonObject;
  file?: { bytes: Uint8Array; mimeType: string };
} {
  const line = { contentProvider: { type: 'line' } };
  if (media) {
    const { kind, bytes, mimeType, name } = media;
    const file = { bytes, mimeType };
    if (kind === 'sticker')
      return {
        message: {
          type: 'sticker',
          packageId: '446',
          stickerId: '1988',
          stickerResourceType: 'STATIC',
          keywords: ['hi'],
        },
      };
    if (kind === 'file')
      return { message: { type: 'file', fileName: name ?? 'file', fileSize: bytes.byteLength }, file };
    return { message: { type: kind, ...line, ...(kind === 'image' ? {} : { duration: 3000 }) }, file };
  }
  if (location) {
    const { lat: latitude, lon: longitude, name: title } = location;
    return { message: { type: 'location', latitude, longitude, ...(title ? { title } : {}) } };
  }
  if (!text) throw new Error('A message needs something in it: a text, a file or a place.');
  return { message: { type: 'text', text } };
}

/** The label appears in the chat as the person's answer; the bot is told of the data alone. */
function press(
  account: Account,
  chat: Chat,
  person: Person,
  input: PhoneInput,
): { chatId: string; messageId: string } {
  const asked = lineOf(chat, input.replyTo ?? '');
  const choice = shownChat({ ...chat, lines: [asked] }).messages[0]?.choices.find(
    ({ id }) => id === input.choiceId,
  );
  if (!choice) throw new Error('That message has no such button.');
  const eventId = emit(account, chat, person.id, { type: 'postback', postback: { data: choice.id } });
  add(chat, person, eventId, { type: 'text', text: choice.label });
  return { chatId: chat.id, messageId: eventId };
}

function actOn(account: Account, act: PhoneAct): void {
  if (act.kind === 'post' || act.kind === 'react' || act.kind === 'status')
    throw new Error(`LINE tells bots of no such thing (${act.kind}); nothing was done.`);
  const chat = account.chats.get(act.chatId);
  if (!chat) throw new Error(`There is no chat ${act.chatId}.`);
  switch (act.kind) {
    case 'edit':
      return edit(account, chat, act.messageId, act.text);
    case 'delete': {
      const line = ownLine(chat, act.messageId);
      line.deleted = true;
      emit(account, chat, line.authorId, { type: 'unsend', unsend: { messageId: line.id } });
      return;
    }
    case 'block':
    case 'unblock':
      return block(account, chat, act.kind === 'block');
  }
}

function edit(account: Account, chat: Chat, messageId: string, text: string): void {
  if (chat.kind === 'direct') throw new Error('LINE knows edits in groups only; nothing was done.');
  const line = ownLine(chat, messageId);
  if (line.message['type'] !== 'text') throw new Error('Only texts can be edited.');
  line.message = { ...line.message, text };
  line.edited = true;
  emit(account, chat, line.authorId, { type: 'messageEdited', message: line.message });
}

function block(account: Account, chat: Chat, blocked: boolean): void {
  if (chat.blocked === blocked) return;
  chat.blocked = blocked;
  if (chat.kind === 'group') emit(account, chat, account.userId, { type: blocked ? 'leave' : 'join' });
  else if (blocked) emit(account, chat, chat.id, { type: 'unfollow' });
  else emit(account, chat, chat.id, { type: 'follow', follow: { isUnblocked: true } });
}

function add(chat: Chat, person: Person, id: string, message: JsonObject): void {
  chat.lines.push({
    id,
    from: 'customer',
    author: person.name,
    authorId: person.id,
    atMs: Date.now(),
    message,
  });
}
function lineOf(chat: Chat, messageId: string): Line {
  const line = chat.lines.find(({ id }) => id === messageId);
  if (!line) throw new Error(`There is no message ${messageId} in this chat.`);
  return line;
}
function ownLine(chat: Chat, messageId: string): Line {
  const line = lineOf(chat, messageId);
  if (line.from === 'business') throw new Error('That message is the business’s, not the customer’s.');
  return line;
}
