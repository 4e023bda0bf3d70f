/** One connected inbox in a test: what the API says of its conversations, waited for. */
import type { ChannelType } from '#domain/channel.ts';
import type { ConversationWire } from '../../api/shapes/conversation.ts';
import type { InboxWire } from '../../api/shapes/inbox.ts';
import type { MessageWire } from '../../api/shapes/message.ts';
import type { PartWire } from '../../api/shapes/part.ts';
import { eventually } from './eventually.ts';
import { phoneOf, type Call, type Phone } from './sandbox-phone.ts';

export interface Reply {
  text?: string;
  parts?: object[];
  inReplyToId?: string;
  as?: 'private_reply';
}
export interface SandboxInbox {
  id: string;
  type: ChannelType;
  phone: Phone;
  read(): Promise<InboxWire>;
  conversations(): Promise<ConversationWire[]>;
  /** The one conversation that holds the provider's message, once it does. */
  holding(providerMessageId: string): Promise<Thread>;
  /** The inbox, once it fits. */
  becomes(what: string, fits: (inbox: InboxWire) => boolean): Promise<InboxWire>;
}
export interface Thread {
  id: string;
  read(): Promise<ConversationWire>;
  becomes(what: string, fits: (conversation: ConversationWire) => boolean): Promise<ConversationWire>;
  messages(): Promise<MessageWire[]>;
  /** The first message that fits, once there is one. */
  message(what: string, fits: (message: MessageWire) => boolean): Promise<MessageWire>;
  /** All its messages, once they fit as a whole. */
  all(what: string, fit: (messages: MessageWire[]) => boolean): Promise<MessageWire[]>;
  reply(reply: string | Reply): Promise<MessageWire>;
  /** A message by its id, once it has this status. */
  has(messageId: string, ...statuses: MessageWire['status'][]): Promise<MessageWire>;
}

/** The members of a union that may be of this kind, also those that may be of others. */
type OfKind<Each, Kind> = Each extends { kind: infer Kinds } ? (Kind extends Kinds ? Each : never) : never;

export const partsOf = <Kind extends PartWire['kind']>(
  message: MessageWire,
  kind: Kind,
): OfKind<PartWire, Kind>[] =>
  message.parts.filter((part): part is OfKind<PartWire, Kind> => part.kind === kind);

export function inboxOf(call: Call, id: string, type: ChannelType): SandboxInbox {
  const conversations = async (): Promise<ConversationWire[]> =>
    (await call<{ items: ConversationWire[] }>('GET', `/api/conversations?inboxId=${id}&limit=100`)).items;
  const read = (): Promise<InboxWire> => call('GET', `/api/inboxes/${id}`);
  const everything = async (): Promise<unknown> =>
    Promise.all((await conversations()).map((each) => threadOf(call, each.id).messages()));
  return {
    id,
    type,
    phone: phoneOf(call, id),
    read,
    conversations,
    holding: (providerMessageId) =>
      eventually(
        `a conversation that holds ${providerMessageId}`,
        async () => {
          for (const each of await conversations()) {
            const thread = threadOf(call, each.id);
            const messages = await thread.messages();
            if (messages.some((message) => message.providerMessageId?.includes(providerMessageId)))
              return thread;
          }
          return null;
        },
        { seen: everything },
      ),
    becomes: (what, fits) =>
      eventually(
        what,
        async () => {
          const inbox = await read();
          return fits(inbox) && inbox;
        },
        { seen: read },
      ),
  };
}

export function threadOf(call: Call, id: string): Thread {
  const messages = async (): Promise<MessageWire[]> =>
    (await call<{ items: MessageWire[] }>('GET', `/api/conversations/${id}/messages?limit=100`)).items;
  const read = (): Promise<ConversationWire> => call('GET', `/api/conversations/${id}`);
  const thread: Thread = {
    id,
    read,
    messages,
    becomes: (what, fits) =>
      eventually(
        what,
        async () => {
          const conversation = await read();
          return fits(conversation) && conversation;
        },
        { seen: read },
      ),
    message: (what, fits) => eventually(what, async () => (await messages()).find(fits), { seen: messages }),
    all: (what, fit) =>
      eventually(
        what,
        async () => {
          const found = await messages();
          return fit(found) && found;
        },
        { seen: messages },
      ),
    reply: (reply) =>
      call('POST', `/api/conversations/${id}/messages`, {
        clientMessageId: crypto.randomUUID(),
        ...(typeof reply === 'string' ? { text: reply } : reply),
      }),
    has: (messageId, ...statuses) =>
      thread.message(
        `message ${messageId} ${statuses.join(' or ')}`,
        (message) => message.id === messageId && statuses.includes(message.status),
      ),
  };
  return thread;
}
