import type { MessageError } from '../message.ts';
import type { BoundStep } from './step.ts';
import { stepSpec } from './steps/index.ts';
import type { FlowDefinition, StepKind } from './types.ts';

export interface Located {
  kind: StepKind;
  step: BoundStep;
  exits: Readonly<Record<string, unknown>>;
}
/** The step of that id, its params checked. `kind` beside an error: the step is there, but not fit to run. */
export function locate(
  definition: FlowDefinition,
  stepId: string,
): Located | { error: MessageError; kind: StepKind } | { error: MessageError; kind?: undefined } {
  const found: unknown = Object.hasOwn(definition.steps, stepId) ? definition.steps[stepId] : undefined;
  if (!isRecord(found)) return { error: fault('unknown_step', `There is no step "${stepId}".`) };
  const spec = stepSpec(found['kind']);
  if (spec === undefined) return { error: fault('unknown_kind', `Step "${stepId}" is of no known kind.`) };
  const bound = spec.bind(found['params'] ?? {});
  if (bound.kind === 'bound')
    return { kind: spec.kind, step: bound.step, exits: isRecord(found['exits']) ? found['exits'] : {} };
  const details = bound.issues
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join(' ');
  return { kind: spec.kind, error: fault('bad_params', `Step "${stepId}" is not set up right. ${details}`) };
}

export const fault = (kind: string, message: string): MessageError => ({ kind, message });
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
