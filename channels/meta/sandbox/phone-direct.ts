/** A Messenger or Instagram customer's thumbs. */
import type { PhoneAct, PhoneInput } from '../../sandbox-contract.ts';
import { instagramMid, instagramScopedId, messengerMid, pageScopedId } from './ids.ts';
import { attachmentUrl, emitDelivery, emitEcho } from './messaging.ts';
import { chatOf, messageOf, type Hands } from './phone.ts';
import type { DirectMessage, Messaging } from './webhook-bodies.ts';
import { addFile, addMessage, shownUrl, threadOf, type StoredMessage, type Thread } from './world.ts';

/** @throws Error */
export function writeInChat(hands: Hands, input: PhoneInput): { chatId: string; messageId: string } {
  const { world, account } = hands;
  const thread = writer(hands, input);
  const mid = account.kind === 'page' ? messengerMid() : instagramMid();
  const shownBy = { id: mid, atMs: world.now(), ...(input.replyTo ? { replyTo: input.replyTo } : {}) };
  if (input.replyTo) messageOf(thread, input.replyTo);
  if (input.fromOwnApp) {
    const { wire, shown } = contentOf(hands, input);
    addMessage(thread, {
      ...shownBy,
      ...shown,
      from: 'business',
      author: `${account.name} (app)`,
      personId: '',
      note: 'From the business’s own app',
    });
    // Meta's own inbox is an app too, with an id of its own.
    emitEcho(hands, account, thread, { mid, ...wire, app_id: 263_902_037_430_900 });
    return { chatId: thread.id, messageId: mid };
  }
  thread.lastInAtMs = world.now();
  const by = { ...shownBy, from: 'customer' as const, author: thread.person.name, personId: thread.id };
  if (input.choiceId !== undefined) {
    press(hands, thread, by, input.replyTo ?? '', input.choiceId);
  } else {
    const { wire, shown } = contentOf(hands, input);
    addMessage(thread, { ...by, ...shown });
    const replyTo = input.replyTo ? { reply_to: { mid: input.replyTo } } : {};
    emit(hands, thread, 'messages', { message: { mid, ...wire, ...replyTo } });
  }
  return { chatId: thread.id, messageId: mid };
}

function writer({ account }: Hands, { chatId, personId, personName }: PhoneInput): Thread {
  const known = account.threads.get(chatId);
  if (known) return known;
  if (chatId !== '' && personId === undefined && personName === undefined)
    throw new Error(`There is no chat ${chatId}. Say who writes (personName) to begin one.`);
  const made = account.kind === 'page' ? pageScopedId() : instagramScopedId();
  const id = personId ?? (chatId === '' ? made : chatId);
  if (!/^\d{5,20}$/.test(id)) throw new Error(`Meta's ids are numbers; “${id}” is none.`);
  return threadOf(account, id, { id, name: personName ?? `Customer ${id.slice(-4)}` });
}

/** A quick reply comes as a message, a template's button as a postback. */
function press(
  hands: Hands,
  thread: Thread,
  by: Pick<StoredMessage, 'id' | 'from' | 'author' | 'atMs' | 'personId'>,
  messageId: string,
  choiceId: string,
): void {
  const asked = messageOf(thread, messageId);
  const picked = asked.choices.find(({ id }) => id === choiceId);
  if (!picked) throw new Error(`Message ${messageId} offers no choice ${choiceId}; nothing was sent.`);
  addMessage(thread, { ...by, text: picked.label });
  if (asked.choiceKind === 'postback')
    return emit(hands, thread, 'messaging_postbacks', {
      postback: { mid: by.id, title: picked.label, payload: picked.id },
    });
  // Quick replies are gone once one of them is picked.
  asked.choices = [];
  emit(hands, thread, 'messages', {
    message: { mid: by.id, text: picked.label, quick_reply: { payload: picked.id } },
  });
}

function contentOf(
  { world }: Hands,
  input: PhoneInput,
): { wire: Pick<DirectMessage, 'text' | 'attachments'>; shown: Partial<StoredMessage> } {
  const { text = '', media, location } = input;
  if (media) {
    const file = addFile(world, media);
    const url = attachmentUrl(world.deps.sandboxUrl, file, world.now());
    const isSticker = media.kind === 'sticker';
    const type = media.kind === 'sticker' ? 'image' : media.kind;
    const payload = { url, ...(isSticker ? { sticker_id: 369_239_263_222_822 } : {}) };
    // A caption has no place beside an attachment here: one or the other.
    return {
      wire: { attachments: [{ type, payload }] },
      shown: {
        media: [{ kind: media.kind, url: shownUrl(file), ...(media.name ? { name: media.name } : {}) }],
      },
    };
  }
  if (location) {
    const { lat, lon: long, name = 'Pinned location' } = location;
    return {
      wire: { attachments: [{ type: 'location', payload: { title: name, coordinates: { lat, long } } }] },
      shown: { note: `Place: ${lat}, ${long}` },
    };
  }
  if (text === '') throw new Error('A message needs something in it: a text, a file or a place.');
  return { wire: { text }, shown: { text } };
}

/** @throws Error */
export function actInChat(hands: Hands, act: Exclude<PhoneAct, { kind: 'post' }>): void {
  const thread = chatOf(hands.account, act.chatId);
  switch (act.kind) {
    case 'react': {
      const message = messageOf(thread, act.messageId);
      const isHeart = act.emoji === '❤️' || act.emoji === '❤';
      message.reactions = act.emoji === '' ? [] : [act.emoji];
      const kind = { reaction: isHeart ? 'love' : 'other', emoji: act.emoji };
      const reaction =
        act.emoji === ''
          ? { mid: message.id, action: 'unreact' as const }
          : { mid: message.id, action: 'react' as const, ...kind };
      return emit(hands, thread, 'message_reactions', { reaction });
    }
    case 'edit': {
      const message = messageOf(thread, act.messageId);
      Object.assign(message, { text: act.text, edited: true });
      const field = hands.account.kind === 'page' ? 'message_edits' : 'message_edit';
      return emit(hands, thread, field, {
        message_edit: { mid: message.id, text: act.text, num_edit: 1 },
      });
    }
    case 'delete': {
      if (hands.account.kind === 'page') throw new Error('Messenger tells nobody of it; nothing was done.');
      const message = messageOf(thread, act.messageId);
      message.deleted = true;
      return emit(hands, thread, 'messages', { message: { mid: message.id, is_deleted: true } });
    }
    case 'status':
      return seen(hands, thread, act.status);
    case 'block':
    case 'unblock':
      thread.blocked = act.kind === 'block';
  }
}

function seen(hands: Hands, thread: Thread, status: 'delivered' | 'read' | 'failed'): void {
  const last = thread.messages.findLast(({ from }) => from === 'business');
  if (!last) throw new Error('The business has written nothing here that could be read.');
  if (status === 'failed')
    throw new Error('The Send API reports no failure afterwards; use a fault instead.');
  if (status === 'delivered') {
    if (hands.account.kind === 'page') emitDelivery(hands, hands.account, thread, last);
    return;
  }
  for (const message of thread.messages) if (message.from === 'business') message.status = 'read';
  if (hands.account.kind === 'page')
    return emit(hands, thread, 'message_reads', { read: { watermark: hands.world.now() } });
  emit(hands, thread, 'messaging_seen', { read: { mid: last.id } });
}

function emit(
  { webhooks, world, account }: Hands,
  thread: Thread,
  field: string,
  event: Partial<Messaging>,
): void {
  const messaging: Messaging = {
    sender: { id: thread.id },
    recipient: { id: account.id },
    timestamp: world.now(),
    ...event,
  };
  webhooks.emit(account, field, { messaging });
}
