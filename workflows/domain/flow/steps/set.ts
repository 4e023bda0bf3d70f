import { z } from 'zod';
import { CONVERSATION_STATUSES, PRIORITIES } from '../../conversation.ts';
import type { Json } from '../../json.ts';
import { resolveValue, valueVariables } from '../condition.ts';
import { exitWith } from '../outgoing.ts';
import { oneLine, templateProblems, variableName } from '../params.ts';
import { toText } from '../path.ts';
import { variablesOf, type Scope } from '../scope.ts';
import { defineStep, type StepResult } from '../step.ts';
import { renderTemplate, templateVariables } from '../template.ts';

/** Largest value a step may store, as JSON, in UTF-16 units: it travels with every state of the run. */
const MAX_VALUE = 65_536;
const personFields = ['name', 'email', 'phone'];
const conversationFields: Record<string, readonly string[]> = {
  status: CONVERSATION_STATUSES,
  priority: PRIORITIES,
};
const customField = /^(?:fields\.)?(?!__proto__$)[\p{L}\p{N}_ -]{1,64}$/u;

const params = z
  .object({
    target: z.enum(['contact', 'customer', 'conversation', 'vars']),
    field: z.string().min(1).max(80),
    /** A text is a template, `{var}` the value itself, anything else is taken as it is. */
    value: z.json(),
  })
  .refine(({ target, field }) => target !== 'vars' || variableName.safeParse(field).success, {
    path: ['field'],
    message: 'A variable name has letters, digits and _ only, and no digit first.',
  })
  .refine(({ target, field }) => target !== 'conversation' || Object.hasOwn(conversationFields, field), {
    path: ['field'],
    message: 'Of a conversation, status and priority can be set.',
  })
  .refine(({ target, field }) => target === 'vars' || target === 'conversation' || customField.test(field), {
    path: ['field'],
    message: 'A field name has letters, digits, spaces, _ and - only.',
  });
type Params = z.infer<typeof params>;

function valueOf(given: Params, scope: Scope): Json {
  const root = variablesOf(scope);
  return typeof given.value === 'string'
    ? renderTemplate(given.value, root)
    : (resolveValue(given.value, root) ?? null);
}

/** What may not be stored there, in words; null when it may. */
function objection(given: Params, value: Json): string | null {
  if (JSON.stringify(value).length > MAX_VALUE) return `The value is longer than ${MAX_VALUE} characters.`;
  if (given.target === 'conversation') {
    const allowed = conversationFields[given.field] ?? [];
    return typeof value === 'string' && allowed.includes(value)
      ? null
      : `${given.field} is one of ${allowed.join(', ')}.`;
  }
  const column = given.target !== 'vars' && personFields.includes(given.field);
  return column && typeof value === 'object' && value !== null ? `${given.field} is a text.` : null;
}

function store(given: Params, value: Json): Partial<StepResult> {
  const { target, field } = given;
  if (target === 'vars') return { vars: { [field]: value } };
  if (target === 'conversation') return { changes: [{ kind: 'set', target, field, value }] };
  if (!personFields.includes(field)) {
    const key = field.startsWith('fields.') ? field : `fields.${field}`;
    return { changes: [{ kind: 'set', target, field: key, value }] };
  }
  const text = toText(value).trim();
  // A name is never null on a customer.
  const empty = target === 'customer' && field === 'name' ? '' : null;
  return { changes: [{ kind: 'set', target, field, value: text === '' ? empty : text }] };
}

export const set = defineStep({
  kind: 'set',
  title: 'Set field',
  description: 'Writes a field of the contact, customer or conversation, or a variable of this run.',
  params,
  waits: false,
  summary: ({ target, field, value }) =>
    oneLine(
      `${target}.${field} = ${valueVariables(value)[0]?.path ?? (typeof value === 'string' ? value : JSON.stringify(value))}`,
    ),
  exits: () => ['next'],
  variablesUsed: ({ value }) =>
    typeof value === 'string' ? templateVariables(value) : valueVariables(value, true),
  variablesDefined: ({ target, field }) => (target === 'vars' ? [field] : []),
  problems: (given) => {
    if (typeof given.value === 'string' && given.value.includes('{{'))
      return templateProblems(given.value, 'value');
    if (valueVariables(given.value).length > 0) return [];
    const message = objection(given, given.value);
    return message === null ? [] : [{ code: 'bad_value', path: 'value', message }];
  },
  enter: (given, scope) => {
    const value = valueOf(given, scope);
    const message = objection(given, value);
    const input = { field: `${given.target}.${given.field}` };
    // Nothing is stored, the run goes on: the trace says why.
    if (message !== null) return exitWith('next', { input, error: { kind: 'bad_value', message } });
    return exitWith('next', { input, output: { value }, ...store(given, value) });
  },
});
