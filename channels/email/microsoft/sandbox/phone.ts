/** The customers' side of the double: they write mails to the mailbox and see what comes back. */
import { randomBytes } from 'node:crypto';
import nodemailer from 'nodemailer';
import type { JsonObject } from '#domain/json.ts';
import type {
  PhoneChat,
  PhoneInput,
  PhoneMessage,
  ProviderEvent,
  SandboxFault,
  SandboxPhone,
} from '../../../sandbox-contract.ts';
import type { Item, Person } from './item.ts';
import { deliverMime } from './messages.ts';
import { tellLifecycle } from './subscriptions.ts';
import { revoke, type Mailbox, type World } from './world.ts';

/** Mails being written, one after another per mailbox: their order is the order they were written in. */
const writing = new WeakMap<Mailbox, Promise<void>>();

export function createMicrosoftPhone(world: World, mailbox: Mailbox): SandboxPhone {
  return {
    abilities: ['text', 'subject', 'image', 'audio', 'video', 'file', 'reply', 'provider'],
    chats: () => chatsOf(mailbox),
    write: (input) => write(world, mailbox, input),
    act: ({ kind }) => {
      throw new Error(`Mail knows no such thing (${kind}); nothing was done.`);
    },
    provider: (event) => providerDoes(world, mailbox, event),
    ledger: () => mailbox.ledger,
    addFault: (fault) => addFault(world, mailbox, fault),
    clearFaults: () => mailbox.faults.clear(),
    setDelivery: (change) => mailbox.courier.setDelivery(change),
    async release() {
      await writing.get(mailbox);
      await mailbox.courier.release();
    },
    async settled() {
      await writing.get(mailbox);
      await mailbox.courier.settled();
    },
    facts: () => factsOf(world, mailbox),
  };
}

function factsOf(world: World, mailbox: Mailbox): JsonObject {
  const subscriptions = [...world.subscriptions.values()].filter(
    ({ address }) => address === mailbox.address,
  );
  const ofMailbox = (grants: Map<string, { address: string }>): number =>
    [...grants.values()].filter(({ address }) => address === mailbox.address).length;
  return {
    delivery: { ...mailbox.courier.delivery() },
    subscriptions: subscriptions.map(
      ({ id, resource, notificationUrl, lifecycleUrl, expiresAtMs, paused }) => ({
        id,
        resource,
        notificationUrl,
        lifecycleUrl,
        expiresAt: new Date(expiresAtMs).toISOString(),
        paused,
      }),
    ),
    accessTokens: ofMailbox(world.accessTokens),
    refreshTokens: ofMailbox(world.refreshTokens),
    spentRefreshTokens: ofMailbox(world.spent),
    drafts: [...mailbox.items.values()].filter(({ isDraft }) => isDraft).length,
    calls: mailbox.log.slice(-200),
  };
}

function addFault(world: World, mailbox: Mailbox, fault: SandboxFault): void {
  // The owner takes the permission back: no call mends that.
  if (fault.kind === 'permission_revoked') revoke(world, mailbox.address);
  else mailbox.faults.add(fault);
}

function providerDoes(world: World, mailbox: Mailbox, event: ProviderEvent): void {
  switch (event) {
    case 'subscription_lost':
      for (const { id, address } of world.subscriptions.values())
        if (address === mailbox.address) world.subscriptions.delete(id);
      return;
    case 'subscription_removed':
      return tellLifecycle(world, mailbox, 'subscriptionRemoved');
    case 'reauthorization_required':
      return tellLifecycle(world, mailbox, 'reauthorizationRequired');
    case 'notifications_missed':
      return tellLifecycle(world, mailbox, 'missed');
  }
}

/** @throws Error */
function write(world: World, mailbox: Mailbox, input: PhoneInput): { chatId: string; messageId: string } {
  const thread = [...mailbox.items.values()].filter(
    ({ conversationId, isDraft }) => conversationId === input.chatId && !isDraft,
  );
  if (input.chatId !== '' && thread.length === 0)
    throw new Error(`There is no thread “${input.chatId}”. Leave it empty to begin one.`);
  const answered =
    input.replyTo === undefined
      ? thread.at(-1)
      : thread.find(({ internetMessageId }) => internetMessageId === input.replyTo);
  if (input.replyTo !== undefined && !answered)
    throw new Error(`There is no mail ${input.replyTo} in this thread.`);
  if (!input.text && !input.media) throw new Error('A mail needs something in it: a text or a file.');
  const chatId = input.chatId === '' ? `AAQk${randomBytes(15).toString('base64url')}` : input.chatId;
  const messageId = `<${randomBytes(12).toString('hex')}@customers.example>`;
  const from = writerOf(input, thread);
  const raw = input.media?.mimeType === 'message/rfc822' && !input.text ? input.media.bytes : null;
  const before = writing.get(mailbox) ?? Promise.resolve();
  const next = before.then(async () => {
    const mime = raw ?? (await compose(mailbox, input, { from, messageId, answered }));
    await deliverMime(world, mailbox, mime, chatId);
  });
  writing.set(mailbox, next);
  // Seen by `settled`; whoever doesn't wait for it mustn't end the process.
  next.catch(() => undefined);
  return {
    chatId,
    messageId: raw
      ? (/^message-id:\s*(<[^>]+>)/im.exec(Buffer.from(raw).toString())?.[1] ?? messageId)
      : messageId,
  };
}

function writerOf({ personId, personName }: PhoneInput, thread: readonly Item[]): Person {
  const known = thread.find(({ folder }) => folder === 'inbox')?.from;
  if (personId === undefined && personName === undefined && known) return known;
  const name = personName ?? personId?.split('@')[0] ?? 'Customer';
  const made = `${
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '.')
      .replaceAll(/^\.+|\.+$/g, '') || 'customer'
  }@customers.example`;
  return { name, address: personId?.includes('@') ? personId : made };
}

async function compose(
  mailbox: Mailbox,
  { text, media, subject }: PhoneInput,
  { from, messageId, answered }: { from: Person; messageId: string; answered: Item | undefined },
): Promise<Uint8Array> {
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const about = answered?.subject ?? text?.split('\n')[0]?.slice(0, 60) ?? media?.name ?? 'Hello';
  const { message } = await transport.sendMail({
    from,
    to: answered?.folder === 'sentitems' ? (answered.replyTo[0] ?? mailbox.address) : mailbox.address,
    subject: subject ?? (answered && !/^re:/i.test(about) ? `Re: ${about}` : about),
    messageId,
    text: text ?? '',
    ...(answered
      ? {
          inReplyTo: answered.internetMessageId,
          references: [...answered.references, answered.internetMessageId],
        }
      : {}),
    attachments: media
      ? [
          {
            filename: media.name ?? media.kind,
            content: Buffer.from(media.bytes),
            contentType: media.mimeType,
          },
        ]
      : [],
  });
  if (!Buffer.isBuffer(message)) throw new Error('The mail could not be composed.');
  return new Uint8Array(message);
}

function chatsOf(mailbox: Mailbox): PhoneChat[] {
  const items = [...mailbox.items.values()].filter(({ isDraft }) => !isDraft);
  const threads = Map.groupBy(items, ({ conversationId }) => conversationId);
  return [...threads].map(([id, mails]) => {
    const person = mails.find(({ folder }) => folder === 'inbox')?.from ?? mails[0]?.to[0];
    return {
      id,
      title: person?.name || person?.address || 'Somebody',
      kind: 'direct' as const,
      blocked: false,
      typing: false,
      messages: mails.map(shownMail),
    };
  });
}

function shownMail(item: Item): PhoneMessage {
  const business = item.folder === 'sentitems';
  const plain = item.body.contentType === 'html' ? withoutTags(item.body.content) : item.body.content;
  return {
    id: item.internetMessageId,
    from: business ? 'business' : 'customer',
    author: item.from?.name || item.from?.address || '',
    atMs: item.receivedMs,
    text: plain.trim(),
    media: item.attachments.map(({ name, contentType, bytes }) => ({
      kind: contentType.startsWith('image/') ? 'image' : 'file',
      url: `data:${contentType};base64,${bytes.byteLength > 200_000 ? '' : Buffer.from(bytes).toString('base64')}`,
      name,
    })),
    choices: [],
    ...(item.inReplyTo === null ? {} : { replyTo: item.inReplyTo }),
    reactions: [],
    ...(business ? { status: 'sent' as const } : {}),
    note: item.subject,
  };
}

function withoutTags(html: string): string {
  return html
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<(style|script|head)[^]*?<\/\1>/gi, '')
    .replaceAll(/<br\s*\/?> ?|<\/(p|div|tr|li)> ?/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
