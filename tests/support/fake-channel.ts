/** The stack's API inbox as another channel: what it sends is recorded and answered by the test, its capabilities are the test's. */
import type { ChannelAdapter, OutboundMessage, SendOptions, Sent } from '#channels/contract.ts';
import { sendOutbound } from '#activities/outbound.ts';
import { inWorkspace } from '#db/client.ts';
import { acceptEvents, type Accepted } from '#db/inbound-events.ts';
import { agentReply } from '#db/ownership.ts';
import type { Capabilities } from '#domain/channel.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { Stack } from './stack.ts';

export interface FakeChannel {
  sent: { message: OutboundMessage; key: string }[];
  /** What the provider answers; the id is made of our message's unless told. */
  answer: (message: OutboundMessage, options: SendOptions) => Promise<Sent>;
  adapter: ChannelAdapter;
  /** Stores an event as its webhook would. */
  provide(event: { kind: string; eventId?: string } & Record<string, unknown>): Promise<Accepted>;
  /** An agent's reply, sent here and now; its message id. */
  reply(conversationId: string, text: string, more?: { inReplyToId?: string }): Promise<string>;
}

export const providerId = (message: OutboundMessage): string => `provider-${message.id}`;

export function fakeChannel(stack: Stack, capabilities: Partial<Capabilities> = {}): FakeChannel {
  const { registry } = stack.runtime.activityDeps;
  const { definition } = registry.api;
  const fake: FakeChannel = {
    sent: [],
    answer: async (message) => ({ providerMessageId: providerId(message) }),
    adapter: {
      ...registry.api,
      definition: { ...definition, capabilities: { ...definition.capabilities, ...capabilities } },
      resend: () => 'unsafe',
      send: (_, message, options) => {
        fake.sent.push({ message, key: options.key });
        return fake.answer(message, options);
      },
    },
    async provide(event) {
      const [accepted] = await acceptEvents(stack.runtime.deps.engineDb, {
        type: 'api',
        inbox: { id: stack.inboxId, workspaceId: stack.workspaceId, accountKey: stack.inboxId },
        raw: new Uint8Array(),
        events: [{ ...event, eventId: event.eventId ?? uuidV7() }],
      });
      if (!accepted) throw new Error('Nothing was accepted.');
      return accepted;
    },
    async reply(conversationId, text, more = {}) {
      const { messageId } = await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
        agentReply(tx, {
          workspaceId: stack.workspaceId,
          conversationId,
          actor: { kind: 'agent', id: null },
          authorName: 'Ann',
          clientMessageId: uuidV7(),
          units: [[{ kind: 'text', text }]],
          isPrivate: false,
          ...more,
        }),
      );
      await sendOutbound(stack.runtime.activityDeps, messageId, { mode: 'local', budgetMs: 5_000 });
      return messageId;
    },
  };
  registry.api = fake.adapter;
  return fake;
}
