/** The phones of an account's customers, whatever the product: what they see is the same, what they may do is not. */
import type { AdapterInbox } from '../../contract.ts';
import type {
  PhoneAbility,
  PhoneAct,
  PhoneChat,
  PhoneMessage,
  SandboxPhone,
} from '../../sandbox-contract.ts';
import { addPost } from './comments.ts';
import { actOnPosts, commentBy } from './phone-comments.ts';
import { actInChat, writeInChat } from './phone-direct.ts';
import { actInWhatsApp, writeInWhatsApp } from './phone-whatsapp.ts';
import { showsPosts } from './recall.ts';
import type { Webhooks } from './webhooks.ts';
import type { Account, StoredMessage, Thread, World } from './world.ts';

/** What customers act with. */
export interface Hands {
  world: World;
  webhooks: Webhooks;
  account: Account;
}

const abilities: Record<
  'number' | 'page' | 'instagram' | 'pagePosts' | 'instagramPosts',
  readonly PhoneAbility[]
> = {
  number: [
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
    'read',
    'block',
    'from_own_app',
  ],
  page: [
    'text',
    'image',
    'audio',
    'video',
    'file',
    'sticker',
    'location',
    'reply',
    'choose',
    'react',
    'edit',
    'read',
    'block',
    'from_own_app',
  ],
  instagram: [
    'text',
    'image',
    'audio',
    'video',
    'reply',
    'choose',
    'react',
    'edit',
    'delete',
    'read',
    'block',
    'from_own_app',
  ],
  pagePosts: ['post', 'comment', 'text', 'image', 'reply', 'edit', 'delete', 'from_own_app'],
  instagramPosts: ['post', 'comment', 'text', 'reply', 'delete', 'from_own_app'],
};

export function createMetaPhone(
  tools: Omit<Hands, 'account'>,
  account: Account,
  inbox: AdapterInbox,
): SandboxPhone {
  const { world, webhooks } = tools;
  const hands: Hands = { ...tools, account };
  const isPosts = showsPosts(inbox);
  const kind = isPosts && account.kind !== 'number' ? (`${account.kind}Posts` as const) : account.kind;
  return {
    abilities: abilities[kind],
    chats: () =>
      [...account.threads.values()]
        .filter((thread) =>
          isPosts ? thread.kind === 'post' || thread.byPrivateReply : thread.kind === 'direct',
        )
        .map((thread) => shown(world, thread)),
    write(input) {
      if (account.kind === 'number') return writeInWhatsApp(hands, input);
      // A private reply is answered where direct messages are.
      const isDirect = account.threads.get(input.chatId)?.kind === 'direct';
      return isPosts && !isDirect ? commentBy(hands, input) : writeInChat(hands, input);
    },
    act: (act) => actOn(hands, isPosts, act),
    ledger: () => account.ledger,
    addFault: ({ kind: fault, times = Number.POSITIVE_INFINITY, retryAfterSeconds }) =>
      void account.faults.push({
        kind: fault,
        times,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      }),
    clearFaults: () => void account.faults.splice(0),
    setDelivery: (change) => void Object.assign(account.delivery, change),
    async release() {
      account.delivery.held = false;
      await webhooks.release(account);
    },
    settled: () => webhooks.settled(),
    facts: () => factsFor(world, account),
  };
}

function actOn(hands: Hands, isPosts: boolean, act: PhoneAct): void {
  if (act.kind === 'post') {
    if (!isPosts) throw new Error('Posts are made at the inbox for comments; nothing was done.');
    addPost(hands.world.now(), hands.account, act.text);
    return;
  }
  if (hands.account.kind === 'number') return actInWhatsApp(hands, act);
  const isDirect = hands.account.threads.get(act.chatId)?.kind === 'direct';
  return isPosts && !isDirect ? actOnPosts(hands, act) : actInChat(hands, act);
}

function factsFor(world: World, account: Account): ReturnType<SandboxPhone['facts']> {
  const waba = world.wabas.get(account.parentId ?? '');
  return {
    account: account.id,
    name: account.name,
    faults: account.faults.map(({ kind, times }) => ({ kind, times: Number.isFinite(times) ? times : null })),
    delivery: { ...account.delivery },
    subscribed: account.kind === 'number' ? (waba?.subscribed ?? false) : account.subscribed,
    webhookUrl: waba?.override ?? world.callbackUrl,
    ...(account.parentId === null ? {} : { belongsTo: account.parentId }),
    ...(account.kind === 'number'
      ? {
          number: account.number.display,
          registered: account.number.registered,
          quality: account.number.quality,
        }
      : {}),
  };
}

function shown(world: World, thread: Thread): PhoneChat {
  return {
    id: thread.id,
    title: thread.kind === 'post' ? (thread.messages[0]?.text.slice(0, 60) ?? 'Post') : thread.person.name,
    kind: thread.kind,
    blocked: thread.blocked,
    typing: thread.typingUntilMs > world.now(),
    messages: thread.messages.map(shownMessage),
  };
}

/** What only the double needs to know stays here. */
function shownMessage(message: StoredMessage): PhoneMessage {
  const inside = new Set(['personId', 'choiceKind', 'privateReply', 'key']);
  return Object.fromEntries(
    Object.entries(message).filter(([name]) => !inside.has(name)),
  ) as unknown as PhoneMessage;
}

/** @throws Error with a sentence for the admin */
export function chatOf(account: Account, chatId: string): Thread {
  const thread = account.threads.get(chatId);
  if (!thread) throw new Error(`There is no chat ${chatId} at ${account.name}; nothing was done.`);
  return thread;
}
/** @throws Error with a sentence for the admin */
export function messageOf(thread: Thread, messageId: string): Thread['messages'][number] {
  const message = thread.messages.find(({ id }) => id === messageId);
  if (!message) throw new Error(`There is no message ${messageId} in this chat; nothing was done.`);
  return message;
}
