/** Telegram's customers as every other channel's: the bot's control in the words of `SandboxPhone`. */
import type { Message } from '@grammyjs/types';
import type { Json } from '#domain/json.ts';
import type {
  PhoneAct,
  PhoneInput,
  PhoneMessage,
  SandboxFault,
  SandboxPhone,
} from '../../sandbox-contract.ts';
import type { Fault, SandboxChat } from './bot.ts';
import type { BotControl, CustomerMessage } from './control.ts';
import { numberOf, placeIdOf, placeOf, placesOf } from './places.ts';

export function createTelegramPhone(control: BotControl): SandboxPhone {
  const reactions = new Map<string, string>();
  return {
    abilities: [
      'text',
      'image',
      'audio',
      'video',
      'file',
      'sticker',
      'location',
      'contact',
      'reply',
      'choose',
      'react',
      'edit',
      'delete',
      'block',
      'group',
      'from_own_app',
    ],
    chats: () =>
      control.chats().flatMap((chat) =>
        [...placesOf(chat)].map(([id, messages]) => ({
          id,
          title: [titleOf(chat), id.split('/')[1]].filter(Boolean).join(' › '),
          kind: chat.chat.type === 'private' ? ('direct' as const) : ('group' as const),
          blocked: chat.blocked,
          typing: chat.typingUntilMs > Date.now(),
          messages: messages.map((message) => shown(message, reactions)),
        })),
      ),
    write: (input) => write(control, input),
    act(act) {
      actOn(control, act);
      if (act.kind === 'react') reactions.set(`${placeOf(act.chatId).chatId}:${act.messageId}`, act.emoji);
    },
    ledger: () =>
      control.ledger().map(({ atMs, chatId, messageId, method, fields, file }) => ({
        atMs,
        providerMessageId: `${chatId}:${messageId}`,
        to: chatId,
        request: { method, fields, ...(file ? { file } : {}) } as Json,
      })),
    addFault: (fault) => control.addFault(faultOf(fault)),
    clearFaults: () => control.clearFaults(),
    setDelivery({ copies, held }) {
      control.setDelivery({
        ...(copies === undefined ? {} : { copies }),
        ...(held === undefined ? {} : { held }),
      });
    },
    release: () => control.release(),
    settled: () => control.settled(),
    facts: () => ({
      webhookUrl: control.webhook()?.url ?? null,
      allowedUpdates: control.webhook()?.allowedUpdates ?? [],
      waitingUpdates: control.pendingCount(),
      callbacksAnswered: control.answeredCallbacks().length,
    }),
  };
}

/** A new chat needs no id: then its person gets one. @throws Error */
function write(control: BotControl, input: PhoneInput): { chatId: string; messageId: string } {
  const { chatId, ...place } = placeOf(input.chatId);
  const known = control.chats().find(({ chat }) => chat.id === chatId);
  if (chatId !== null && !known && input.personId === undefined && input.personName === undefined)
    throw new Error(`The bot has no chat ${chatId}. Say who writes (personName) to begin one.`);
  if (input.choiceId !== undefined && known) {
    const messageId = numberOf(input.replyTo ?? '', 'message');
    control.press(known.chat.id, messageId, input.choiceId);
    return { chatId: input.chatId, messageId: String(messageId) };
  }
  if (input.fromOwnApp && place.businessConnectionId === undefined)
    throw new Error('Only the owner of a business account writes beside the bot: in a chat “…/business”.');
  const isGroup = (chatId ?? 0) < 0;
  const writerId =
    input.personId === undefined
      ? chatId !== null && !isGroup
        ? chatId
        : 4_000_000 + Math.floor(Math.random() * 90_000_000)
      : numberOf(input.personId, 'person');
  const message = control.write({
    from: { id: writerId, firstName: input.personName ?? (known ? titleOf(known) : `Customer ${writerId}`) },
    ...(chatId === null ? {} : { chatId }),
    ...place,
    ...(input.fromOwnApp ? { byOwner: true } : {}),
    ...contentOf(input),
    ...(input.replyTo === undefined ? {} : { replyToMessageId: numberOf(input.replyTo, 'message') }),
  });
  return { chatId: placeIdOf(message), messageId: String(message.message_id) };
}

function contentOf(input: PhoneInput): Omit<CustomerMessage, 'from'> {
  const { media, location, contact, text } = input;
  const caption = text ? { caption: text } : {};
  if (media) {
    const { kind, bytes, mimeType, name } = media;
    const file = { bytes, mimeType };
    switch (kind) {
      case 'image':
        return { photo: { ...file, ...caption } };
      case 'video':
        return { video: { ...file, ...caption } };
      case 'audio':
        return { audio: file };
      case 'sticker':
        return { sticker: file };
      case 'file':
        return { document: { ...file, name: name ?? 'file', ...caption } };
    }
  }
  if (location) return { location: { latitude: location.lat, longitude: location.lon } };
  if (contact) return { contact: { first_name: contact.name, phone_number: contact.phone } };
  if (!text) throw new Error('A message needs something in it: a text, a file, a place or a contact.');
  return { text };
}

function actOn(control: BotControl, act: PhoneAct): void {
  if (act.kind === 'status' || act.kind === 'post')
    throw new Error(`Telegram tells bots of no such thing (${act.kind}); nothing was done.`);
  const chatId = placeOf(act.chatId).chatId ?? numberOf('', 'chat');
  switch (act.kind) {
    case 'edit':
      return control.edit(chatId, numberOf(act.messageId, 'message'), act.text);
    case 'delete':
      return control.remove(chatId, numberOf(act.messageId, 'message'));
    case 'react':
      return control.react(chatId, numberOf(act.messageId, 'message'), act.emoji);
    case 'block':
    case 'unblock':
      return control.setBlocked(chatId, act.kind === 'block');
  }
}

function faultOf({ kind, times = Number.POSITIVE_INFINITY, retryAfterSeconds }: SandboxFault): Fault {
  const rest = { times, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  switch (kind) {
    case 'rate_limited':
    case 'server_error':
      return { kind, ...rest };
    case 'no_answer':
      return { kind: 'timeout_after_accepting', ...rest };
    case 'token_expired':
      return { kind: 'unauthorized', method: '*', ...rest };
    case 'permission_revoked':
      return { kind: 'kicked', ...rest };
    case 'contact_unreachable':
      return { kind: 'forbidden', ...rest };
    case 'window_closed':
      throw new Error('Telegram has no message window that could close; nothing was done.');
    case 'refresh_grace':
    case 'resync_required':
    case 'send_as_denied':
    case 'mailbox_disabled':
      throw new Error(`Telegram knows no such thing (${kind}); nothing was done.`);
  }
}

function shown(message: Message, reactions: Map<string, string>): PhoneMessage {
  const key = `${message.chat.id}:${message.message_id}`;
  const reaction = reactions.get(key);
  const buttons = message.reply_markup?.inline_keyboard.flat() ?? [];
  const place = message.location;
  const card = message.contact;
  return {
    id: String(message.message_id),
    from: isBusiness(message) ? 'business' : 'customer',
    author: message.from?.first_name ?? '',
    atMs: message.date * 1000,
    text: message.text ?? message.caption ?? '',
    media: mediaOf(message),
    choices: buttons.flatMap((button) =>
      'callback_data' in button ? [{ id: button.callback_data, label: button.text }] : [],
    ),
    ...(message.reply_to_message ? { replyTo: String(message.reply_to_message.message_id) } : {}),
    reactions: reaction ? [reaction] : [],
    ...(message.edit_date ? { edited: true } : {}),
    ...(place ? { note: `Place: ${place.latitude}, ${place.longitude}` } : {}),
    ...(card ? { note: `Contact: ${card.first_name}, ${card.phone_number}` } : {}),
  };
}

/** The bot, or the owner in whose chat it is. */
function isBusiness({ from, chat, business_connection_id: connection }: Message): boolean {
  return from?.is_bot === true || (connection !== undefined && from?.id !== chat.id);
}

const url = (fileId: string): string => `/sandbox/telegram/phone/${fileId}`;

function mediaOf(message: Message): PhoneMessage['media'] {
  const { photo, document, video, animation, audio, voice, sticker } = message;
  const image = photo?.at(-1);
  const clip = video ?? animation;
  const sound = audio ?? voice;
  return [
    ...(image ? [{ kind: 'image', url: url(image.file_id) }] : []),
    ...(sticker ? [{ kind: 'sticker', url: url(sticker.file_id) }] : []),
    ...(clip ? [{ kind: 'video', url: url(clip.file_id) }] : []),
    ...(sound ? [{ kind: 'audio', url: url(sound.file_id) }] : []),
    ...(document
      ? [
          {
            kind: 'file',
            url: url(document.file_id),
            ...(document.file_name ? { name: document.file_name } : {}),
          },
        ]
      : []),
  ];
}

function titleOf({ chat }: SandboxChat): string {
  return chat.type === 'private' ? [chat.first_name, chat.last_name].filter(Boolean).join(' ') : chat.title;
}
