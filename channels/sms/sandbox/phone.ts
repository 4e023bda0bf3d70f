/** The customers' side of a number. */
import { randomInt } from 'node:crypto';
import type { PhoneAct, PhoneInput, SandboxPhone } from '../../sandbox-contract.ts';
import { optOutOf } from '../opt-out.ts';
import { isE164 } from '../number.ts';
import { chatOf, newSid, type SmsChat, type TwilioAccount, type TwilioNumber } from './account.ts';
import { pushInbound, pushStatus } from './events.ts';

export function createSmsPhone(account: TwilioAccount, number: TwilioNumber, baseUrl: string): SandboxPhone {
  const own = (): SmsChat[] => [...account.chats.values()].filter((chat) => chat.number === number.number);
  const known = (chatId: string): SmsChat => {
    const chat = own().find(({ customer }) => customer === chatId);
    if (!chat) throw new Error(`No phone ${chatId} has written to ${number.number} or was written to by it.`);
    return chat;
  };
  return {
    abilities: ['text', 'image', 'audio', 'video', 'file', 'block'],
    chats: () =>
      own().map(({ customer, title, blocked, messages }) => ({
        id: customer,
        title,
        kind: 'direct',
        blocked,
        typing: false,
        messages: structuredClone(messages),
      })),
    write: (input) => write(account, number, baseUrl, input),
    act: (act) => actOn(account, number, known, act),
    ledger: () => account.ledger.filter((each) => each.number === number.number).map(({ entry }) => entry),
    addFault(fault) {
      if (fault.kind === 'window_closed')
        throw new Error('Text messages have no window that could close; nothing was done.');
      account.faults.push({ ...fault, left: fault.times ?? Number.POSITIVE_INFINITY });
    },
    clearFaults: () => void (account.faults.length = 0),
    setDelivery: (change) => account.webhooks.setDelivery(change),
    release: () => account.webhooks.release(),
    settled: () => account.webhooks.settled(),
    facts: () => ({
      accountSid: account.sid,
      numberSid: number.sid,
      number: number.number,
      smsUrl: number.smsUrl,
      smsFallbackUrl: number.smsFallbackUrl,
    }),
  };
}

/** @throws Error */
function write(
  account: TwilioAccount,
  number: TwilioNumber,
  baseUrl: string,
  input: PhoneInput,
): { chatId: string; messageId: string } {
  const { text = '', media } = input;
  const customer = input.chatId || input.personId || `+1555${String(randomInt(1e7)).padStart(7, '0')}`;
  if (!isE164(customer)) throw new Error(`A phone is a number with its country code, not ${customer}.`);
  if (text === '' && !media) throw new Error('A text message needs a text or a file.');
  const chat = chatOf(account, number.number, customer, input.personName);
  const sid = newSid(media ? 'MM' : 'SM');
  const stored = media ? [store(account, baseUrl, sid, media)] : [];
  chat.messages.push({
    id: sid,
    from: 'customer',
    author: chat.title,
    atMs: Date.now(),
    text,
    media: stored.map(({ url, shownAt }) => ({
      kind: media?.kind ?? 'file',
      url: shownAt || url,
      ...(media?.name ? { name: media.name } : {}),
    })),
    choices: [],
    reactions: [],
  });
  pushInbound(account, number, chat, { sid, text, media: stored });
  mirrorOptOut(number, chat, text);
  return { chatId: customer, messageId: sid };
}

function store(
  account: TwilioAccount,
  baseUrl: string,
  messageSid: string,
  { bytes, mimeType }: { bytes: Uint8Array; mimeType: string },
): { url: string; shownAt: string; mimeType: string } {
  const sid = newSid('ME');
  const ticket = newSid('');
  account.media.set(sid, { bytes, mimeType, ticket });
  return {
    url: `${baseUrl}/2010-04-01/Accounts/${account.sid}/Messages/${messageSid}/Media/${sid}`,
    shownAt: `${baseUrl}/cdn/${account.sid}/${sid}/${ticket}`,
    mimeType,
  };
}

/** Twilio answers STOP and START itself, and refuses what is sent in between. */
function mirrorOptOut(number: TwilioNumber, chat: SmsChat, text: string): void {
  const change = optOutOf({ OptOutType: undefined, Body: text }, true);
  if (change === null) return;
  chat.blocked = change === 'blocked';
  chat.messages.push({
    id: newSid('SM'),
    from: 'business',
    author: number.number,
    atMs: Date.now(),
    text: chat.blocked
      ? 'You have been unsubscribed and will get no more messages. Write START to get them again.'
      : 'You will get messages again. Write STOP to end them.',
    media: [],
    choices: [],
    reactions: [],
    note: 'Twilio’s own answer',
  });
}

/** @throws Error */
function actOn(
  account: TwilioAccount,
  number: TwilioNumber,
  known: (chatId: string) => SmsChat,
  act: PhoneAct,
): void {
  switch (act.kind) {
    case 'block':
    case 'unblock': {
      const { customer } = known(act.chatId);
      write(account, number, '', { chatId: customer, text: act.kind === 'block' ? 'STOP' : 'START' });
      return;
    }
    case 'status': {
      if (act.status === 'read') throw new Error('Nobody tells Twilio that a text message was read.');
      const sent = known(act.chatId).messages.filter(({ id }) => account.sent.has(id));
      const meant = act.messageId === undefined ? sent : sent.filter(({ id }) => id === act.messageId);
      for (const { id } of meant)
        pushStatus(account, id, act.status === 'failed' ? 'undelivered' : 'delivered');
      return;
    }
    case 'edit':
    case 'delete':
    case 'react':
    case 'post':
      throw new Error(`Text messages know no such thing (${act.kind}); nothing was done.`);
  }
}
