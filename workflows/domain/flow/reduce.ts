/**
 * The interpreter: (definition, state, event, context) → (state, what to write, what to do next). Pure and total.
 *
 * A run is always in one step, in one of three positions: an effect is out (`pending`), it waits (`wait`), or it has `ended`.
 * An event is handed to the current step, which answers with a `StepResult`; the reducer then walks on from step to step, each
 * entered with what the ones before it changed, until a step plans an effect, waits, or the run ends. Effects of one step leave
 * one after the other; each is numbered within (stepNo), and every entry of a step is a new stepNo.
 * An event that does not fit the position changes nothing: the same `next` is answered again.
 * Guards: 200 steps between two waits, 5,000 steps in all. Steps know nothing of the walk, the walk nothing of step kinds:
 * see step.ts for what a step is and steps/ for each of them.
 */
import type { MessageError } from '../message.ts';
import { applyChange } from './apply-change.ts';
import { fault, isRecord, locate, type Located } from './locate.ts';
import { initialState, isRunState } from './run-state.ts';
import type { Scope } from './scope.ts';
import type { BoundStep, StepEvent, StepResult } from './step.ts';
import type {
  Change,
  FlowDefinition,
  Next,
  Reduce,
  Reduction,
  RunContext,
  RunState,
  StepKind,
  StepVisit,
} from './types.ts';

export const MAX_HOPS = 200;
export const MAX_STEPS = 5000;

export const reduce: Reduce = (definition, state, event, context) => {
  try {
    return reduceOrThrow(definition, state, event, context);
  } catch (cause) {
    // Only data nested deeper than the stack gets here. A run that ended says so; one that throws would be retried for ever.
    const error = { kind: 'internal', message: cause instanceof Error ? cause.message : String(cause) };
    return broken(isRunState(state) ? state : initialState('', null), error);
  }
};

const reduceOrThrow: Reduce = (definition, state, event, context) => {
  if (!isRecord(definition) || !isRecord(definition.steps) || typeof definition.entry !== 'string')
    return broken(
      isRunState(state) ? state : initialState('', null),
      fault('malformed_definition', 'The definition is no flow.'),
    );
  if (state === null) {
    if (event.kind !== 'start')
      return broken(initialState('', null), fault('not_started', 'The run was never started.'));
    const { entry } = definition;
    return walkInto(definition, entry, { state: initialState(entry, event.message), context });
  }
  if (!isRunState(state))
    return broken(initialState('', null), fault('malformed_state', 'The stored state is no run.'));
  if (state.ended !== null) return { state, visits: [], changes: [], next: state.ended };
  if (state.pending === null && state.wait === null)
    return broken(state, fault('malformed_state', 'The run neither waits nor acts nor has ended.'));

  const located = locate(definition, state.stepId);
  if ('error' in located) return broken(state, located.error);
  const { step, kind } = located;
  const scope = scopeOf(state, context, located.exits);
  switch (event.kind) {
    case 'start':
      return unchanged(state);
    case 'replan':
      return replan(state, step, kind, scope);
    case 'resumed':
      return state.wait === null
        ? unchanged(state)
        : unchanged({ ...state, wait: step.refresh(state.wait, scope) });
    default:
      return tell(definition, state, event, context, located, scope);
  }
};

function tell(
  definition: FlowDefinition,
  state: RunState,
  event: StepEvent,
  context: RunContext,
  { step, kind }: Located,
  scope: Scope,
): Reduction {
  const result = step.receive(event, { pending: state.pending, wait: state.wait }, scope);
  if (result === null) return unchanged(state);
  const walk: Walk = { definition, context, state, scope, visits: [], changes: [] };
  return proceed(walk, { result, visit: { stepNo: state.stepNo, stepId: state.stepId, kind }, isNew: false });
}

/** The cancelled effect and what was to follow it, in a new execution of the step; an answer's deadline begins anew. */
function replan(state: RunState, step: BoundStep, kind: StepKind, scope: Scope): Reduction {
  if (state.pending === null) return unchanged(state);
  if (state.stepNo >= MAX_STEPS) return broken(state, tooManySteps);
  const stepNo = state.stepNo + 1;
  const wait = state.wait === null ? null : step.refresh(state.wait, scope);
  const pending = { ...state.pending, effectNo: 0 };
  const next: RunState = { ...state, stepNo, wait, pending, effectsPlanned: 1 };
  const { stepId } = state;
  const visits: StepVisit[] = [
    { stepNo: state.stepNo, stepId, kind, exit: 'replanned' },
    { stepNo, stepId, kind, input: { replanOf: state.stepNo } },
  ];
  return { ...unchanged(next), visits };
}

/** One reduction on its way. `state` and `scope` are replaced, the lists are its own. */
interface Walk {
  definition: FlowDefinition;
  context: RunContext;
  state: RunState;
  scope: Scope;
  visits: StepVisit[];
  changes: Change[];
}

function walkInto(
  definition: FlowDefinition,
  stepId: string,
  from: { state: RunState; context: RunContext },
): Reduction {
  const { state, context } = from;
  const walk: Walk = {
    definition,
    context,
    state,
    scope: scopeOf(state, context, {}),
    visits: [],
    changes: [],
  };
  const entered = enter(walk, stepId);
  return 'error' in entered ? finish(walk, entered.error) : proceed(walk, entered);
}

/** Carries out what a step wants, and enters the steps behind it, until there is something for the world to do. */
function proceed(walk: Walk, first: Turn): Reduction {
  let turn = first;
  for (;;) {
    const { result, visit, isNew } = turn;
    absorb(walk, result);
    const { go } = result;
    const news = trace(result);
    const seen = { ...visit, ...news };
    const worthNoting = isNew || Object.keys(news).length > 0;
    if (go.kind === 'effects') {
      const effectNo = walk.state.effectsPlanned;
      const pending = { effectNo, effects: [...go.effects] };
      walk.state = { ...walk.state, pending, wait: result.wait ?? null, effectsPlanned: effectNo + 1 };
      if (worthNoting) walk.visits.push(seen);
      return done(walk, { kind: 'effect', stepNo: walk.state.stepNo, effectNo, effect: go.effects[0] });
    }
    if (go.kind === 'wait') {
      walk.state = { ...walk.state, pending: null, wait: go.wait, hops: 0 };
      if (worthNoting) walk.visits.push(seen);
      return done(walk, nextOf(walk.state));
    }
    const target = targetOf(walk, go);
    walk.visits.push({ ...seen, exit: go.kind === 'exit' ? go.exit : go.kind });
    walk.state = { ...walk.state, pending: null, wait: null };
    if (target === null) return finish(walk);
    const entered = typeof target === 'string' ? enter(walk, target) : target;
    if ('error' in entered) return finish(walk, entered.error);
    turn = entered;
  }
}

/** A step id, null where the run ends, or why it can't go on. */
function targetOf(
  { scope }: Walk,
  go: Extract<StepResult['go'], { kind: 'exit' | 'jump' | 'end' }>,
): string | null | { error: MessageError } {
  if (go.kind === 'end') return null;
  if (go.kind === 'jump') return go.stepId;
  const target = Object.hasOwn(scope.exits, go.exit) ? scope.exits[go.exit] : undefined;
  if (typeof target === 'string' || target === null) return target;
  return { error: fault('missing_exit', `The exit "${go.exit}" leads nowhere.`) };
}

/** What a step answered, and its visit so far: a new one when it was entered in this reduction. */
interface Turn {
  result: StepResult;
  visit: StepVisit;
  isNew: boolean;
}

function enter(walk: Walk, stepId: string): Turn | { error: MessageError } {
  const { hops, stepNo } = walk.state;
  if (hops >= MAX_HOPS)
    return {
      error: fault('too_many_hops', `${MAX_HOPS} steps without waiting once: this is an endless loop.`),
    };
  if (stepNo >= MAX_STEPS) return { error: tooManySteps };
  const located = locate(walk.definition, stepId);
  if ('error' in located && located.kind === undefined) return { error: located.error };
  walk.state = { ...walk.state, stepId, stepNo: stepNo + 1, hops: hops + 1, effectsPlanned: 0 };
  const visit: StepVisit = { stepNo: stepNo + 1, stepId, kind: located.kind };
  if ('error' in located) {
    walk.visits.push({ ...visit, exit: 'broken', error: located.error });
    return { error: located.error };
  }
  walk.scope = { ...walk.scope, exits: located.exits };
  return { result: located.step.enter(walk.scope), visit, isNew: true };
}

/** Takes over what a result changes, in the run's memory and in what later steps see. */
function absorb(walk: Walk, { vars, message, changes = [] }: StepResult): void {
  if (vars !== undefined) walk.state = { ...walk.state, vars: { ...walk.state.vars, ...vars } };
  if (message !== undefined) walk.state = { ...walk.state, message };
  walk.changes.push(...changes);
  walk.scope = changes.reduce<Scope>(applyChange, {
    ...walk.scope,
    vars: walk.state.vars,
    message: walk.state.message,
  });
}

type Trace = Pick<StepVisit, 'input' | 'output' | 'error'>;
function trace({ input, output, error }: StepResult): Trace {
  return {
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
  };
}

function scopeOf(state: RunState, context: RunContext, exits: Readonly<Record<string, unknown>>): Scope {
  return { ...context, vars: state.vars, message: state.message, exits };
}

function finish(walk: Walk, error?: MessageError): Reduction {
  const ended = error === undefined ? ({ kind: 'ended', status: 'completed' } as const) : failed(error);
  walk.state = { ...walk.state, pending: null, wait: null, ended };
  return done(walk, ended);
}
function done({ state, visits, changes }: Walk, next: Next): Reduction {
  return { state, visits, changes, next };
}
const failed = (error: MessageError) => ({ kind: 'ended', status: 'failed', error }) as const;
function broken(state: RunState, error: MessageError): Reduction {
  const ended = failed(error);
  return { state: { ...state, pending: null, wait: null, ended }, visits: [], changes: [], next: ended };
}
function unchanged(state: RunState): Reduction {
  return { state, visits: [], changes: [], next: nextOf(state) };
}

/** What a state at rest asks for. */
function nextOf(state: RunState): Next {
  const effect = state.pending?.effects[0];
  if (state.pending !== null && effect !== undefined)
    return { kind: 'effect', stepNo: state.stepNo, effectNo: state.pending.effectNo, effect };
  if (state.wait !== null)
    return { kind: 'waiting', waitingFor: state.wait.kind, deadlineMs: state.wait.deadlineMs };
  return state.ended ?? { kind: 'ended', status: 'completed' };
}

const tooManySteps = fault('too_many_steps', `The run has taken ${MAX_STEPS} steps.`);
