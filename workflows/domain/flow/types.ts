/**
 * The types of flows and of the pure reducer. Imported as types by workflows; the values beside it (schema, reduce, check) never
 * reach the workflow bundle.
 */
import type { Capabilities } from '../channel.ts';
import type { ConversationStatus, Priority } from '../conversation.ts';
import type { Json, JsonObject } from '../json.ts';
import type { MessageError, Part } from '../message.ts';

export const STEP_KINDS = [
  'send',
  'ask',
  'condition',
  'set',
  'delay',
  'http',
  'assign',
  'label',
  'handoff',
  'goto',
  'start_flow',
  'say',
  'gather',
  'ring',
  'voicemail',
  'hang_up',
  'end',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

export interface StepDefinition {
  kind: StepKind;
  params: JsonObject;
  /** exit name → step id; null ends the run. */
  exits: Record<string, string | null>;
}
export type TriggerDefinition = MessageTrigger | CallTrigger;
export interface MessageTrigger {
  kind: 'message_received';
  /** Inbox ids, or `*` for every inbox of the workspace. */
  inboxIds: string[];
  match: { kind: 'any' | 'first' } | { kind: 'keyword' | 'regex'; value: string };
}
export const CALL_TRIGGER_EVENTS = ['incoming', 'missed', 'ended'] as const;
export interface CallTrigger {
  kind: 'call';
  inboxIds: string[];
  /** Somebody calls; they gave up or nobody answered; an answered call is over. */
  event: (typeof CALL_TRIGGER_EVENTS)[number];
}
export interface FlowDefinition {
  schemaVersion: 1;
  triggers: TriggerDefinition[];
  entry: string;
  steps: Record<string, StepDefinition>;
  /** Positions on the canvas; ignored by the interpreter. */
  view?: JsonObject;
}

export interface MessageView {
  id: string;
  seq: number;
  text: string;
  parts: Part[];
}
export interface ContactView {
  id: string;
  externalId: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  fields: JsonObject;
}
export interface CustomerView {
  id: string;
  name: string;
  email: string | null;
  phone: string | null;
  fields: JsonObject;
}
export interface ConversationView {
  id: string;
  status: ConversationStatus;
  priority: Priority;
  labels: string[];
  /** Whether the channel lets a bot write now. */
  windowOpen: boolean;
}
export interface InboxView {
  id: string;
  name: string;
  type: string;
}
/** What the run can see now. A snapshot taken in the transaction that stores the reduction. */
export interface RunContext {
  nowMs: number;
  contact: ContactView;
  customer: CustomerView | null;
  conversation: ConversationView;
  inbox: InboxView;
  /** What the conversation's channel can carry: a send step is cut into effects by it. */
  capabilities: Capabilities;
  /** Long-lived links by media id, for media a channel can't carry; without one only the file's name is written. */
  mediaUrls?: Record<string, string>;
}

export type EffectOutcome =
  | { kind: 'sent'; result?: Json }
  | { kind: 'failed'; error: MessageError; result?: Json }
  /** No answer: it may have arrived. Treated as sent by message steps (never doubled), as `error` by HTTP steps. */
  | { kind: 'unknown' };

/** What the reducer is told. */
export type RunEvent =
  | { kind: 'start'; message: MessageView | null }
  | { kind: 'message'; message: MessageView }
  /** The deadline it asked for has passed (judged by whoever tells it, not against `context.nowMs`). */
  | { kind: 'timeout' }
  /** The effect it planned has ended. */
  | { kind: 'outcome'; outcome: EffectOutcome }
  /**
   * The effect it planned was cancelled (a person took over) and the run has been given back: plan it, and what was to follow it
   * in the step, anew under a new step number from effect number 0.
   */
  | { kind: 'replan' }
  /** Given back while it waited: same step, fresh deadline. */
  | { kind: 'resumed' }
  /** A person took over for good (only where a step has the exit `taken_over` and the conversation was resolved by a person). */
  | { kind: 'taken_over' };

/** The run's whole memory; JSON, stored with every reduction. */
export interface RunState {
  stepId: string;
  /** Counts executions, from 1: a step entered twice has two numbers. */
  stepNo: number;
  vars: JsonObject;
  /** The message that is `message.*` now. */
  message: MessageView | null;
  /** Effects of the current step still to be done, the first being the one in the outbox. */
  pending: { effectNo: number; effects: Effect[] } | null;
  /** How many effects this execution of the step has planned so far: the number of the next one. */
  effectsPlanned: number;
  /** Where the run waits. Beside `pending`: the question is being asked again and this deadline still holds. */
  wait: WaitState | null;
  /** Steps walked since the run last waited: the guard against endless loops. */
  hops: number;
  /** Set once it has ended; every later event is answered with the same end. */
  ended: Ended | null;
}
export interface Ended {
  kind: 'ended';
  status: 'completed' | 'failed';
  error?: MessageError;
}
export type WaitState =
  | { kind: 'reply'; deadlineMs: number; invalidTries: number }
  /** Collecting a burst: `mergeSeconds` of silence end it. */
  | { kind: 'merge'; deadlineMs: number; replyDeadlineMs: number; invalidTries: number; parts: MessageView[] }
  | { kind: 'delay'; deadlineMs: number }
  /** For what a call's other side does; `ref` names the instruction it answers. */
  | { kind: 'call'; deadlineMs: number; invalidTries: number; ref: string };

export type Effect =
  /** `as`: to the writer of the comment `inReplyToId` (our message id), by direct message. */
  | { kind: 'message'; parts: Part[]; as?: 'private_reply'; inReplyToId?: string }
  | {
      kind: 'http';
      method: string;
      url: string;
      headers: Record<string, string>;
      body: string | null;
      timeoutMs: number;
    };

/** A write to our own rows, done in the transaction that stores the reduction. */
export type Change =
  /**
   * `field` of contact and customer: `name`, `email`, `phone` (text or null) or `fields.<key>` (any JSON); of the conversation:
   * `status` or `priority`. Values are already checked. A customer is made where the contact has none, named like the contact.
   */
  | { kind: 'set'; target: 'contact' | 'customer' | 'conversation'; field: string; value: Json }
  | { kind: 'assign'; agentId?: string; teamId?: string }
  | { kind: 'label'; add: string[]; remove: string[] }
  /** Owner becomes a person; the run ends. */
  | { kind: 'handoff'; note: string | null }
  /**
   * Another flow. With nothing behind the step (`next` is null) it takes the conversation over as its next foreground run
   * (`foreground`); otherwise it runs in the background beside this one.
   */
  | { kind: 'start_flow'; flowId: string; foreground: boolean };

/**
 * One execution of a step, for the trace: inserted when entered, completed when left. A later visit of the same `stepNo` carries
 * only what is new; what it lacks stays as stored.
 */
export interface StepVisit {
  stepNo: number;
  stepId: string;
  kind: StepKind;
  input?: Json;
  output?: Json;
  /**
   * The exit taken; absent while the run is still in the step. Without an exit of its own: `jump` (go to), `end` (the run ends
   * here), `replanned` (goes on under the next number), `broken` (the run failed here).
   */
  exit?: string;
  error?: MessageError;
}

export type Next =
  /** Put this in the outbox as (run, stepNo, effectNo) and tell the outcome. */
  | { kind: 'effect'; stepNo: number; effectNo: number; effect: Effect }
  | { kind: 'waiting'; waitingFor: 'reply' | 'merge' | 'delay' | 'call'; deadlineMs: number }
  | Ended;

/** Total and pure: the same arguments give the same answer, and no argument makes it throw. */
export interface Reduction {
  state: RunState;
  visits: StepVisit[];
  changes: Change[];
  next: Next;
}
export type Reduce = (
  definition: FlowDefinition,
  state: RunState | null,
  event: RunEvent,
  context: RunContext,
) => Reduction;

/** What is wrong with a flow. Only an `error` keeps it from being published. */
export interface FlowProblem {
  severity: 'error' | 'warning';
  step: string | null;
  exit?: string;
  /** Where in the step's params, for forms: `choices.0.label`. */
  path?: string;
  code: string;
  message: string;
}
/** What exists in the workspace, for the checker. `flowId` is the checked flow itself, where it has an id already. */
export interface Known {
  inboxIds: readonly string[];
  flowIds: readonly string[];
  agentIds: readonly string[];
  teamIds: readonly string[];
  /** Those of `inboxIds` whose conversations are calls; absent = not known. */
  callInboxIds?: readonly string[];
  flowId?: string;
}
