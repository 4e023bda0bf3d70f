import type { Capabilities } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import { reduce } from '#domain/flow/reduce.ts';
import type {
  EffectOutcome,
  FlowDefinition,
  MessageView,
  Reduction,
  RunContext,
  RunEvent,
  StepKind,
} from '#domain/flow/types.ts';

export const T0 = Date.UTC(2025, 0, 15, 12);

export const everything: Capabilities = {
  maxTextLength: 4096,
  image: true,
  audio: true,
  video: true,
  file: true,
  maxCaptionLength: 1024,
  choices: { max: 10, maxLabelLength: 40 },
  location: true,
};
export const textOnly: Capabilities = {
  maxTextLength: 160,
  image: false,
  audio: false,
  video: false,
  file: false,
  maxCaptionLength: 0,
  choices: null,
  location: false,
};

export function context(changes: Partial<RunContext> = {}): RunContext {
  return {
    nowMs: T0,
    contact: {
      id: 'contact-1',
      externalId: 'ext-1',
      name: 'Ada Lovelace',
      email: null,
      phone: null,
      fields: { plan: 'pro' },
    },
    customer: { id: 'customer-1', name: 'Ada', email: 'ada@example.org', phone: null, fields: {} },
    conversation: {
      id: 'conversation-1',
      status: 'open',
      priority: 'none',
      labels: ['new'],
      windowOpen: true,
    },
    inbox: { id: 'inbox-1', name: 'Support', type: 'api' },
    capabilities: everything,
    ...changes,
  };
}

let seq = 0;
export function message(text: string, changes: Partial<MessageView> = {}): MessageView {
  seq += 1;
  return { id: `message-${seq}`, seq, text, parts: text === '' ? [] : [{ kind: 'text', text }], ...changes };
}

type Step = [kind: StepKind, params: JsonObject, exits?: Record<string, string | null>];
/** A flow whose first step is the entry. */
export function flow(steps: Record<string, Step>, changes: Partial<FlowDefinition> = {}): FlowDefinition {
  return {
    schemaVersion: 1,
    triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
    entry: Object.keys(steps)[0] ?? '',
    steps: Object.fromEntries(
      Object.entries(steps).map(([id, [kind, params, exits = {}]]) => [id, { kind, params, exits }]),
    ),
    ...changes,
  };
}

export const sent: RunEvent = { kind: 'outcome', outcome: { kind: 'sent' } };
export const noAnswer: RunEvent = { kind: 'outcome', outcome: { kind: 'unknown' } };
export const refused: RunEvent = {
  kind: 'outcome',
  outcome: { kind: 'failed', error: { kind: 'permanent', message: 'Refused.' } },
};
export const outcome = (told: EffectOutcome): RunEvent => ({ kind: 'outcome', outcome: told });
export const timeout: RunEvent = { kind: 'timeout' };
export const says = (text: string, changes: Partial<MessageView> = {}): RunEvent => ({
  kind: 'message',
  message: message(text, changes),
});

/** A run kept for a test: tells it events and remembers the last reduction. Each state passes through JSON. */
export function start(
  definition: FlowDefinition,
  first: MessageView | null = message('hello'),
  given: RunContext = context(),
) {
  let nowMs = given.nowMs;
  const frozen = deepFreeze(definition);
  const at = (): RunContext => deepFreeze({ ...given, nowMs });
  const step = (state: Reduction['state'] | null, event: RunEvent): Reduction => {
    const stored =
      state === null ? null : deepFreeze(JSON.parse(JSON.stringify(state)) as Reduction['state']);
    return reduce(frozen, stored, deepFreeze(event), at());
  };
  let last = step(null, { kind: 'start', message: first });
  const all: Reduction[] = [last];
  return {
    get last() {
      return last;
    },
    get next() {
      return last.next;
    },
    get state() {
      return last.state;
    },
    all,
    pass(ms: number) {
      nowMs += ms;
      return this;
    },
    tell(event: RunEvent) {
      last = step(last.state, event);
      all.push(last);
      return last;
    },
    /** The exit by which the last told event left the step it was in. */
    get exit() {
      return last.visits.find((visit) => visit.exit !== undefined)?.exit;
    },
  };
}

/** The text of the message that is to be sent now. */
export function outgoing({ next }: Pick<Reduction, 'next'>): string {
  if (next.kind !== 'effect' || next.effect.kind !== 'message') return `no message but ${next.kind}`;
  return next.effect.parts.map((part) => ('text' in part ? part.text : part.kind)).join('|');
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
