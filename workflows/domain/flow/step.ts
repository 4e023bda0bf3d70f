/** What a step kind is. A file in `steps/` defines one; nothing else in the house knows what kinds there are. */
import type { z } from 'zod';
import type { Json, JsonObject } from '../json.ts';
import type { MessageError } from '../message.ts';
import type { Scope } from './scope.ts';
import type { VariableUse } from './template.ts';
import type {
  Change,
  Effect,
  FlowProblem,
  Known,
  MessageView,
  RunEvent,
  RunState,
  StepKind,
  WaitState,
} from './types.ts';

/** What a step wants after being entered or told something. */
export interface StepResult {
  go:
    | { kind: 'exit'; exit: string }
    | { kind: 'jump'; stepId: string }
    | { kind: 'end' }
    /** The first goes to the outbox now; the step is told its outcome with all of them still in `pending`. */
    | { kind: 'effects'; effects: readonly [Effect, ...Effect[]] }
    | { kind: 'wait'; wait: WaitState };
  /** A wait that goes on beside `effects`. */
  wait?: WaitState | null;
  /** For the trace. */
  input?: Json;
  output?: Json;
  error?: MessageError;
  /** Variables set from now on. */
  vars?: JsonObject;
  message?: MessageView;
  changes?: readonly Change[];
}

/** Events that are a step's own business; start, replan and resumed are the reducer's. */
export type StepEvent = Exclude<RunEvent, { kind: 'start' | 'replan' | 'resumed' }>;
/** Where in the step the run stands. */
export type Position = Pick<RunState, 'pending' | 'wait'>;

export interface StepParts<Params> {
  kind: StepKind;
  /** On the palette and as the node's heading. */
  title: string;
  /** One sentence for the palette. */
  description: string;
  params: z.ZodType<Params>;
  /** Whether going through it takes a wait for a person or a timer. */
  waits: boolean;
  /** It speaks in a call, and means nothing anywhere else. */
  inCall?: true;
  /** One line for the canvas. */
  summary(params: Params): string;
  exits(params: Params | null): readonly string[];
  /** Exits that can be taken without having waited, though the step waits. */
  exitsWithoutWait?: readonly string[];
  /** Steps it goes to without an exit of its own. */
  jumps?(params: Params): readonly string[];
  /** Flows it starts. */
  flowsStarted?(params: Params): readonly string[];
  /** Variables it reads. */
  variablesUsed(params: Params): VariableUse[];
  /** Names in `vars` that have a value after leaving by this exit. */
  variablesDefined(params: Params, exit: string): readonly string[];
  /** What the params schema can't say. */
  problems?(params: Params, known: Known): StepProblem[];
  enter(params: Params, scope: Scope): StepResult;
  /** Null: not for this step, or not now; nothing changes. */
  receive?(params: Params, event: StepEvent, position: Position, scope: Scope): StepResult | null;
  /** The same wait with a fresh deadline, after a person has given the run back. */
  refresh?(params: Params, wait: WaitState, scope: Scope): WaitState;
}
export type StepProblem = Omit<FlowProblem, 'step' | 'severity'>;

/** A step with its params checked: ask it anything. */
export interface BoundStep {
  summary: string;
  exits: readonly string[];
  jumps: readonly string[];
  flowsStarted: readonly string[];
  variablesUsed: VariableUse[];
  variablesDefined(exit: string): readonly string[];
  problems(known: Known): StepProblem[];
  enter(scope: Scope): StepResult;
  receive(event: StepEvent, position: Position, scope: Scope): StepResult | null;
  refresh(wait: WaitState, scope: Scope): WaitState;
}
export type Binding =
  | { kind: 'bound'; step: BoundStep }
  | { kind: 'bad_params'; issues: readonly { path: string; message: string }[] };

/** A step kind with its params' type closed over, so that all kinds fit in one table. Every function is total over JSON. */
export interface StepSpec {
  kind: StepKind;
  title: string;
  description: string;
  /** The JSON schema of forms can be made of it. */
  params: z.ZodType;
  waits: boolean;
  inCall: boolean;
  exitsWithoutWait: readonly string[];
  /** Params that are not right yet are said so, in one line. */
  summary(params: unknown): string;
  exits(params: unknown): readonly string[];
  variablesDefined(params: unknown, exit: string): readonly string[];
  bind(params: unknown): Binding;
}

export function defineStep<Params>(parts: StepParts<Params>): StepSpec {
  const { kind, title, description, waits, exitsWithoutWait = [] } = parts;
  const read = (params: unknown): Params | null => parts.params.safeParse(params).data ?? null;
  return {
    kind,
    title,
    description,
    params: parts.params,
    waits,
    inCall: parts.inCall ?? false,
    exitsWithoutWait,
    summary: (raw) => {
      const params = read(raw);
      return params === null ? 'Not set up yet' : parts.summary(params);
    },
    exits: (raw) => parts.exits(read(raw)),
    variablesDefined: (raw, exit) => {
      const params = read(raw);
      return params === null ? [] : parts.variablesDefined(params, exit);
    },
    bind: (raw) => bind(parts, raw),
  };
}

function bind<Params>(parts: StepParts<Params>, raw: unknown): Binding {
  const parsed = parts.params.safeParse(raw);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({
      path: path.map(String).join('.'),
      message,
    }));
    return { kind: 'bad_params', issues };
  }
  const params = parsed.data;
  const step: BoundStep = {
    get summary() {
      return parts.summary(params);
    },
    exits: parts.exits(params),
    jumps: parts.jumps?.(params) ?? [],
    flowsStarted: parts.flowsStarted?.(params) ?? [],
    get variablesUsed() {
      return parts.variablesUsed(params);
    },
    variablesDefined: (exit) => parts.variablesDefined(params, exit),
    problems: (known) => parts.problems?.(params, known) ?? [],
    enter: (scope) => parts.enter(params, scope),
    receive: (event, position, scope) => parts.receive?.(params, event, position, scope) ?? null,
    refresh: (wait, scope) => parts.refresh?.(params, wait, scope) ?? wait,
  };
  return { kind: 'bound', step };
}
