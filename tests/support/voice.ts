/** Calls in tests: a voice inbox of its own, callers' phones, and an agent's. */
import type { CallWire } from '../../api/shapes/voice.ts';
import type { MessageWire } from '../../api/shapes/message.ts';
import type { CallAct } from '#channels/sandbox-contract.ts';
import type { JsonObject } from '#domain/json.ts';
import type { FlowDefinition, StepDefinition, TriggerDefinition } from '#domain/flow/types.ts';
import type { ChannelProduct } from './channel-product.ts';
import { eventually } from './eventually.ts';

let accounts = 20_000;
export interface VoiceAccount extends JsonObject {
  accountSid: string;
  authToken: string;
  phoneNumber: string;
}
export function voiceCredentials(): VoiceAccount {
  const n = (accounts += 1);
  return {
    provider: 'twilio',
    accountSid: `AC${String(n).padStart(32, '0')}`,
    authToken: `sandbox-voice-token-${n}`,
    apiKeySid: `SK${String(n).padStart(32, '0')}`,
    apiKeySecret: `sandbox-voice-secret-${n}`,
    phoneNumber: `+120255${n}`,
  };
}

/** A signed-in member: an API key has no phone. */
export interface Agent {
  userId: string;
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>; // oxlint-disable-line typescript/no-explicit-any -- a test's look at JSON of many shapes
}
export async function signIn(url: string, email: string, password: string): Promise<Agent> {
  const headers = { 'content-type': 'application/json', origin: url };
  const signedIn = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ email, password }),
  });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const ask: Agent['ask'] = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  const me = await ask('GET', '/api/me');
  return { userId: me.body.user.id as string, ask };
}

let callers = 0;
export const newCaller = (): string => `+1415555${String((callers += 1) + 1000)}`;

export interface VoiceBench {
  inboxId: string;
  act(act: CallAct): Promise<void>;
  /** What the caller's phone has shown and heard. */
  heard(caller: string): Promise<string[]>;
  hears(caller: string, words: string): Promise<void>;
  /** The double's view of this inbox's calls. */
  legs(): Promise<{ sid: string; parentSid: string | null; from: string; to: string; status: string }[]>;
  delivery(change: JsonObject): Promise<void>;
  release(): Promise<void>;
  /** The call of this caller, once it fits. */
  call(caller: string, fits?: (call: CallWire) => boolean, what?: string): Promise<CallWire>;
  /** The events of its conversation, once they fit. */
  events(call: CallWire, fits?: (events: string[]) => boolean): Promise<string[]>;
  messages(call: CallWire): Promise<MessageWire[]>;
}

export async function voiceBench(
  product: ChannelProduct,
  settings: JsonObject = {},
  credentials: JsonObject = voiceCredentials(),
): Promise<VoiceBench> {
  const inbox = await product.createSandboxInbox('voice', credentials, settings);
  return benchOf(product, inbox.id);
}

export function benchOf(product: Pick<ChannelProduct, 'call'>, inboxId: string): VoiceBench {
  const { call: ask } = product;
  const base = `/sandbox/api/${inboxId}`;
  const phone = (): Promise<{
    chats: { id: string; messages: { from: string; text: string; note?: string }[] }[];
    facts: { calls: never[] };
  }> => ask('GET', `${base}/phone`);
  const bench: VoiceBench = {
    inboxId,
    act: (act) => ask('POST', `${base}/acts`, act),
    async heard(caller) {
      const { chats } = await phone();
      const chat = chats.find(({ id }) => id === caller);
      return (chat?.messages ?? [])
        .filter(({ from }) => from === 'business')
        .map(({ text, note }) => text || note || '');
    },
    hears: (caller, words) =>
      eventually(
        `the caller hears “${words}”`,
        async () => (await bench.heard(caller)).some((each) => each.includes(words)) || undefined,
        { seen: () => bench.heard(caller) },
      ).then(() => undefined),
    legs: async () => (await phone()).facts.calls,
    delivery: (change) => ask('POST', `${base}/delivery`, change),
    release: () => ask('POST', `${base}/release`, {}),
    call: (caller, fits = () => true, what = 'the call') =>
      eventually(
        what,
        async () => {
          const { items } = await ask<{ items: CallWire[] }>('GET', '/api/voice/calls?limit=100');
          return items.find(
            (each) => each.inboxId === inboxId && (each.from === caller || each.to === caller) && fits(each),
          );
        },
        { seen: () => ask('GET', '/api/voice/calls?limit=5') },
      ),
    async messages({ conversationId }) {
      const { items } = await ask<{ items: MessageWire[] }>(
        'GET',
        `/api/conversations/${conversationId}/messages?limit=100`,
      );
      return items;
    },
    events: (call, fits = () => true) =>
      eventually(
        'the events of the call',
        async () => {
          const events = (await bench.messages(call)).flatMap(({ parts }) =>
            parts.flatMap((part) => (part.kind === 'call' ? [part.event] : [])),
          );
          return fits(events) ? events : undefined;
        },
        { seen: async () => JSON.stringify(await bench.messages(call)) },
      ),
  };
  return bench;
}

/** `id: [kind, params, exits]`; exits that aren't named end the flow. */
export function callFlow(
  inboxId: string,
  steps: Record<
    string,
    [kind: StepDefinition['kind'], params: JsonObject, exits?: Record<string, string | null>]
  >,
  trigger: TriggerDefinition = { kind: 'call', inboxIds: [inboxId], event: 'incoming' },
): FlowDefinition {
  const usual: Partial<Record<StepDefinition['kind'], string[]>> = {
    say: ['next', 'hung_up', 'failed'],
    gather: ['reply', 'invalid', 'timeout', 'hung_up', 'failed'],
    ring: ['answered', 'no_answer', 'hung_up', 'failed'],
    voicemail: ['recorded', 'hung_up', 'failed'],
    label: ['next'],
    condition: ['yes', 'no'],
  };
  return {
    schemaVersion: 1,
    triggers: [trigger],
    entry: Object.keys(steps)[0] ?? '',
    steps: Object.fromEntries(
      Object.entries(steps).map(([id, [kind, params, exits = {}]]) => [
        id,
        {
          kind,
          params,
          exits: { ...Object.fromEntries((usual[kind] ?? []).map((exit) => [exit, null])), ...exits },
        },
      ]),
    ),
  };
}
