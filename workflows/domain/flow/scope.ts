import type { JsonObject } from '../json.ts';
import type { MessageView, RunContext } from './types.ts';

/** What a step sees: the context, what earlier steps of the same reduction changed in it, and the run's own memory. */
export interface Scope extends RunContext {
  vars: JsonObject;
  message: MessageView | null;
  /** The current step's exits. */
  exits: Readonly<Record<string, unknown>>;
}

/** The roots of `{{…}}` and `{var}`, as CONTRACT names them. */
export function variablesOf(scope: Scope): unknown {
  const { contact, customer, conversation, inbox, vars, message } = scope;
  return {
    message: { text: message?.text ?? '', parts: message?.parts ?? [] },
    contact,
    customer,
    conversation,
    inbox,
    vars,
    now: isoTime(scope.nowMs),
  };
}

export function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : '';
}

const person = ['id', 'name', 'email', 'phone'];
/** Fixed names below each root, for the checker and the variable picker; `fields.*` and `vars.*` are open. */
export const KNOWN_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  message: ['text', 'parts'],
  contact: [...person, 'externalId', 'fields'],
  customer: [...person, 'fields'],
  conversation: ['id', 'status', 'priority', 'labels', 'windowOpen'],
  inbox: ['id', 'name', 'type'],
  now: [],
};
