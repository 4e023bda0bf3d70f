/**
 * The types of flows and of the pure reducer. Imported as types by workflows; the values beside it (schema, reduce, check) never
 * reach the workflow bundle.
 */
import type { Capabilities } from '../channel.ts';
import type { ConversationStatus, Priority } from '../conversation.ts';
import type { Json, JsonObject } from '../json.ts';
import type { MessageError, Part } from '../message.ts';

export type StepKind =
  | 'send'
  | 'ask'
  | 'condition'
  | 'set'
  | 'delay'
  | 'http'
  | 'assign'
  | 'label'
  | 'handoff'
  | 'goto'
  | 'start_flow'
  | 'end';

export interface StepDefinition {
  kind: StepKind;
  params: JsonObject;
  /** exit name → step id; null ends the run. */
  exits: Record<string, string | null>;
}
export interface TriggerDefinition {
  kind: 'message_received';
  /** Inbox ids, or `*` for every inbox of the workspace. */
  inboxIds: string[];
  match: { kind: 'any' | 'first' } | { kind: 'keyword' | 'regex'; value: string };
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
  /** The deadline it asked for has passed. */
  | { kind: 'timeout' }
  /** The effect it planned has ended. */
  | { kind: 'outcome'; outcome: EffectOutcome }
  /** The effect it planned was cancelled (a person took over) and the run has been given back: plan it anew under a new step number. */
  | { kind: 'replan' }
  /** Given back while it waited: same step, fresh deadline. */
  | { kind: 'resumed' }
  /** A person took over for good (only where a step has the exit `taken_over` and the conversation was resolved by a person). */
  | { kind: 'taken_over' };

/** The run's whole memory; JSON, stored with every reduction. */
export interface RunState {
  stepId: string;
  /** Counts executions: a step entered twice has two numbers. */
  stepNo: number;
  vars: JsonObject;
  /** The message that is `message.*` now. */
  message: MessageView | null;
  /** Effects of the current step still to be done, the first being the one in the outbox. */
  pending: { effectNo: number; effects: Effect[] } | null;
  /** Where the run waits. */
  wait: WaitState | null;
  /** Steps walked since the run last waited: the guard against endless loops. */
  hops: number;
}
export type WaitState =
  | { kind: 'reply'; deadlineMs: number; invalidTries: number }
  /** Collecting a burst: `seconds` of silence end it. */
  | { kind: 'merge'; deadlineMs: number; replyDeadlineMs: number; invalidTries: number; parts: MessageView[] }
  | { kind: 'delay'; deadlineMs: number };

export type Effect =
  | { kind: 'message'; parts: Part[] }
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

/** One execution of a step, for the trace: inserted when entered, completed when left. */
export interface StepVisit {
  stepNo: number;
  stepId: string;
  kind: StepKind;
  input?: Json;
  output?: Json;
  /** The exit taken; absent while the run is still in the step. */
  exit?: string;
  error?: MessageError;
}

export type Next =
  /** Put this in the outbox as (run, stepNo, effectNo) and tell the outcome. */
  | { kind: 'effect'; stepNo: number; effectNo: number; effect: Effect }
  | { kind: 'waiting'; waitingFor: 'reply' | 'merge' | 'delay'; deadlineMs: number }
  | { kind: 'ended'; status: 'completed' | 'failed'; error?: MessageError };

/** Total and pure: the same arguments give the same answer, and no argument makes it throw. */
export interface Reduction {
  state: RunState;
  visits: StepVisit[];
  changes: Change[];
  next: Next;
}
export type Reduce = (definition: FlowDefinition, state: RunState | null, event: RunEvent, context: RunContext) => Reduction;

/** What keeps a flow from being published. */
export interface FlowProblem {
  step: string | null;
  exit?: string;
  code: string;
  message: string;
}
