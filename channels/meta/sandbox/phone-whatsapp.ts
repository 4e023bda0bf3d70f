/** A WhatsApp customer's thumbs. */
import type { PhoneAct, PhoneInput } from '../../sandbox-contract.ts';
import { customerPhone, wamid } from './ids.ts';
import { chatOf, messageOf, type Hands } from './phone.ts';
import type { WhatsAppMessage, WhatsAppValue } from './webhook-bodies.ts';
import { offerMedia } from './whatsapp-media.ts';
import { emitStatus, envelope, userIdOf } from './whatsapp.ts';
import { addMessage, threadOf, type StoredMessage, type Thread } from './world.ts';

/** @throws Error */
export function writeInWhatsApp(hands: Hands, input: PhoneInput): { chatId: string; messageId: string } {
  const { world, account } = hands;
  const thread = writer(hands, input);
  const id = wamid(thread.person.phone ?? thread.person.id);
  if (input.fromOwnApp) return ownApp(hands, thread, id, input.text ?? '');
  thread.lastInAtMs = world.now();
  const { wire, shown } = contentOf(hands, thread, input);
  const quoted = input.replyTo ?? (input.choiceId === undefined ? undefined : '');
  if (quoted) messageOf(thread, quoted);
  const context = quoted
    ? { context: { from: account.number.display.replaceAll(/\D/g, ''), id: quoted } }
    : {};
  addMessage(thread, {
    id,
    from: 'customer',
    author: thread.person.name,
    personId: thread.person.id,
    atMs: world.now(),
    ...shown,
    ...(quoted ? { replyTo: quoted } : {}),
  });
  emit(hands, thread, { ...header(hands, thread, id), ...context, ...wire });
  return { chatId: thread.id, messageId: id };
}

function writer({ account }: Hands, { chatId, personId, personName }: PhoneInput): Thread {
  const known = account.threads.get(chatId);
  if (known) return known;
  if (chatId !== '' && personId === undefined && personName === undefined)
    throw new Error(`There is no chat ${chatId}. Say who writes (personName) to begin one.`);
  const id = personId ?? (chatId === '' ? customerPhone() : chatId);
  const isPhone = /^\+?\d{7,15}$/.test(id);
  const phone = id.replaceAll(/\D/g, '');
  const person = {
    id: isPhone ? phone : id,
    name: personName ?? `Customer ${id.slice(-4)}`,
    ...(isPhone ? { phone } : {}),
  };
  return threadOf(account, person.id, person);
}

type Content = {
  wire: Omit<WhatsAppMessage, 'id' | 'from_user_id' | 'timestamp'>;
  shown: Partial<StoredMessage>;
};

function contentOf(hands: Hands, thread: Thread, input: PhoneInput): Content {
  const { text = '', media, location, contact, choiceId, replyTo } = input;
  if (choiceId !== undefined) return choice(thread, replyTo ?? '', choiceId);
  if (media) {
    const { id, sha256, url } = offerMedia(hands.world, media);
    const common = { id, sha256, mime_type: media.mimeType };
    const caption = text === '' ? {} : { caption: text };
    const shown = { text, media: [{ kind: media.kind, url, ...(media.name ? { name: media.name } : {}) }] };
    switch (media.kind) {
      case 'image':
        return { wire: { type: 'image', image: { ...common, ...caption } }, shown };
      case 'video':
        return { wire: { type: 'video', video: { ...common, ...caption } }, shown };
      case 'audio':
        return { wire: { type: 'audio', audio: { ...common, voice: true } }, shown: { ...shown, text: '' } };
      case 'sticker':
        return {
          wire: { type: 'sticker', sticker: { ...common, animated: false } },
          shown: { ...shown, text: '' },
        };
      case 'file':
        return {
          wire: { type: 'document', document: { ...common, filename: media.name ?? 'file', ...caption } },
          shown,
        };
    }
  }
  if (location) {
    const { lat: latitude, lon: longitude, name } = location;
    const wire = { type: 'location', location: { latitude, longitude, ...(name ? { name } : {}) } };
    return { wire, shown: { text: name ?? '', note: `Place: ${latitude}, ${longitude}` } };
  }
  if (contact) {
    const { name, phone } = contact;
    const card = {
      name: { formatted_name: name, first_name: name.split(' ')[0] ?? name },
      phones: [{ phone, type: 'CELL', wa_id: phone.replaceAll(/\D/g, '') }],
    };
    return { wire: { type: 'contacts', contacts: [card] }, shown: { note: `Contact: ${name}, ${phone}` } };
  }
  if (text === '') throw new Error('A message needs something in it: a text, a file, a place or a contact.');
  return { wire: { type: 'text', text: { body: text } }, shown: { text } };
}

function choice(thread: Thread, messageId: string, choiceId: string): Content {
  const asked = messageOf(thread, messageId);
  const picked = asked.choices.find(({ id }) => id === choiceId);
  if (!picked) throw new Error(`Message ${messageId} offers no choice ${choiceId}; nothing was sent.`);
  const reply = { id: picked.id, title: picked.label };
  const interactive =
    asked.choiceKind === 'list'
      ? ({ type: 'list_reply', list_reply: reply } as const)
      : ({ type: 'button_reply', button_reply: reply } as const);
  return { wire: { type: 'interactive', interactive }, shown: { text: picked.label } };
}

/** @throws Error */
export function actInWhatsApp(hands: Hands, act: Exclude<PhoneAct, { kind: 'post' }>): void {
  const { account } = hands;
  const thread = chatOf(account, act.chatId);
  switch (act.kind) {
    case 'react': {
      const message = messageOf(thread, act.messageId);
      message.reactions = act.emoji === '' ? [] : [act.emoji];
      const reaction = { message_id: message.id, ...(act.emoji === '' ? {} : { emoji: act.emoji }) };
      const id = wamid(thread.person.phone ?? thread.person.id);
      thread.lastInAtMs = hands.world.now();
      return emit(hands, thread, { ...header(hands, thread, id), type: 'reaction', reaction });
    }
    case 'status':
      return statuses(hands, thread, act.status, act.messageId);
    case 'block':
    case 'unblock':
      // Nobody is told: messages just stay at "sent".
      thread.blocked = act.kind === 'block';
      return;
    case 'edit':
    case 'delete':
      throw new Error(`The Cloud API tells nobody of this (${act.kind}); nothing was done.`);
  }
}

function statuses(
  hands: Hands,
  thread: Thread,
  status: 'delivered' | 'read' | 'failed',
  messageId?: string,
): void {
  const ours = thread.messages.filter(
    ({ from, id }) => from === 'business' && (messageId === undefined || id === messageId),
  );
  if (ours.length === 0) throw new Error('The business has written nothing here that could be read.');
  for (const message of ours) {
    if (message.status === 'read') continue;
    if (status !== 'failed') message.status = status;
    const failure =
      status === 'failed'
        ? { code: 131_026, title: 'Message undeliverable', details: 'Message Undeliverable.' }
        : null;
    emitStatus(hands, hands.account, thread, message, status, failure);
  }
}

/** Sent from the WhatsApp Business app of a number that is used both ways. */
function ownApp(
  { world, webhooks, account }: Hands,
  thread: Thread,
  id: string,
  text: string,
): { chatId: string; messageId: string } {
  if (text === '') throw new Error('From the business’s own app the sandbox sends texts only.');
  addMessage(thread, {
    id,
    from: 'business',
    author: `${account.name} (app)`,
    personId: '',
    atMs: world.now(),
    text,
    note: 'From the business’s own app',
  });
  const { messaging_product, metadata } = envelope(account);
  const echo = {
    from: metadata.display_phone_number,
    to: thread.person.phone ?? thread.person.id,
    id,
    timestamp: String(Math.floor(world.now() / 1000)),
    type: 'text',
    text: { body: text },
  };
  webhooks.emit(account, 'smb_message_echoes', {
    change: { field: 'smb_message_echoes', value: { messaging_product, metadata, message_echoes: [echo] } },
  });
  return { chatId: thread.id, messageId: id };
}

function header(
  { world }: Hands,
  thread: Thread,
  id: string,
): Pick<WhatsAppMessage, 'id' | 'from' | 'from_user_id' | 'timestamp'> {
  const { phone } = thread.person;
  return {
    id,
    ...(phone ? { from: phone } : {}),
    from_user_id: userIdOf(thread),
    timestamp: String(Math.floor(world.now() / 1000)),
  };
}
function emit({ webhooks, account }: Hands, thread: Thread, message: WhatsAppMessage): void {
  const { name, phone } = thread.person;
  const value: WhatsAppValue = {
    ...envelope(account),
    contacts: [{ profile: { name }, ...(phone ? { wa_id: phone } : {}), user_id: userIdOf(thread) }],
    messages: [message],
  };
  webhooks.emit(account, 'messages', { change: { field: 'messages', value } });
}
