/** The condition AST: evaluated totally (anything malformed is false), described in words, and listed for the checker. */
import { z } from 'zod';
import type { Json } from '../json.ts';
import { parsePath, readPath, toText } from './path.ts';
import { compilePattern } from './regex.ts';
import type { VariableUse } from './template.ts';

const OPERATORS = ['eq', 'ne', 'lt', 'gt', 'contains', 'matches', 'exists', 'in'] as const;
type Operator = (typeof OPERATORS)[number];
export type Condition =
  | { op: Operator; left?: Json; right?: Json }
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ all: z.array(conditionSchema).max(50) }),
    z.strictObject({ any: z.array(conditionSchema).max(50) }),
    z.strictObject({ not: conditionSchema }),
    z.object({ op: z.enum(OPERATORS), left: z.json(), right: z.json().optional() }),
  ]),
);

/** `eq`: numbers by value ("42" equals 42), other scalars by their text, exactly; lists and objects by their JSON. */
function equal(left: Json | undefined, right: Json | undefined): boolean {
  if (left === undefined || left === null || right === undefined || right === null)
    return (left ?? null) === (right ?? null);
  if (typeof left === 'number' || typeof right === 'number') {
    const [a, b] = [number(left), number(right)];
    if (a !== null && b !== null) return a === b;
  }
  if (typeof left === 'object' || typeof right === 'object') return canonical(left) === canonical(right);
  return toText(left) === toText(right);
}
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, item: Json) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
function number(value: Json | undefined): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

/** Numbers by value, dates (ISO 8601) by time, everything else by text; null where a side is missing. */
function compare(left: Json | undefined, right: Json | undefined): number | null {
  if (left === undefined || left === null || right === undefined || right === null) return null;
  const [a, b] = [number(left), number(right)];
  if (a !== null && b !== null) return a - b;
  const texts = [toText(left), toText(right)] as const;
  const iso = /^\d{4}-\d{2}-\d{2}/;
  const times = texts.map((text) => (iso.test(text) ? Date.parse(text) : Number.NaN));
  const difference = (times[0] ?? Number.NaN) - (times[1] ?? Number.NaN);
  if (!Number.isNaN(difference)) return difference;
  return texts[0] === texts[1] ? 0 : texts[0] < texts[1] ? -1 : 1;
}

const evaluators: Record<Operator, (left: Json | undefined, right: Json | undefined) => boolean> = {
  eq: equal,
  ne: (left, right) => !equal(left, right),
  lt: (left, right) => (compare(left, right) ?? 0) < 0,
  gt: (left, right) => (compare(left, right) ?? 0) > 0,
  /** A list has the element; a text has the other one in it, whatever the case. */
  contains: (left, right) =>
    Array.isArray(left)
      ? left.some((item) => equal(item, right))
      : toText(right) !== '' && toText(left).toLowerCase().includes(toText(right).toLowerCase()),
  matches: (left, right) => {
    const pattern = typeof right === 'string' ? compilePattern(right) : null;
    return pattern?.kind === 'pattern' && pattern.test(toText(left));
  },
  exists: (left) => left !== undefined && left !== null && left !== '',
  in: (left, right) => Array.isArray(right) && right.some((item) => equal(left, item)),
};

const words: Record<Operator, string> = {
  eq: 'is',
  ne: 'is not',
  lt: 'is less than',
  gt: 'is more than',
  contains: 'contains',
  matches: 'matches',
  exists: 'has a value',
  in: 'is one of',
};

function variable(value: Json | undefined): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.keys(value).length === 1 && typeof value['var'] === 'string' ? value['var'] : null;
}
/** A literal, or what `{var}` stands for; `{var}` inside a list too. */
export function resolveValue(value: Json | undefined, root: unknown): Json | undefined {
  const path = variable(value);
  if (path !== null) return readPath(root, parsePath(path) ?? ['']);
  return Array.isArray(value) ? value.map((item) => resolveValue(item, root) ?? null) : value;
}

/** True or false for anything at all; what is malformed, nested too deeply or a bad pattern is false. */
export function evaluateCondition(condition: unknown, root: unknown, depth = 0): boolean {
  if (typeof condition !== 'object' || condition === null || depth > 20) return false;
  const node: Partial<Record<string, unknown>> = { ...condition };
  const each = (list: unknown[]): boolean[] => list.map((item) => evaluateCondition(item, root, depth + 1));
  if (Array.isArray(node['all'])) return each(node['all']).every(Boolean);
  if (Array.isArray(node['any'])) return each(node['any']).some(Boolean);
  if (node['not'] !== undefined)
    return conditionShape(node['not']) && !evaluateCondition(node['not'], root, depth + 1);
  const op = OPERATORS.find((name) => name === node['op']);
  if (op === undefined) return false;
  return evaluators[op](resolveValue(node['left'] as Json, root), resolveValue(node['right'] as Json, root));
}
function conditionShape(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Every node below, itself included. */
function nodes(condition: Condition): Extract<Condition, { op: Operator }>[] {
  if ('all' in condition) return condition.all.flatMap(nodes);
  if ('any' in condition) return condition.any.flatMap(nodes);
  return 'not' in condition ? nodes(condition.not) : [condition];
}

/** What a valueless `{var}` or list of them reads. */
export function valueVariables(value: Json | undefined, guarded = false): VariableUse[] {
  const path = variable(value);
  if (path !== null) return [{ path, guarded }];
  return Array.isArray(value) ? value.flatMap((item) => valueVariables(item, guarded)) : [];
}
/** Variables a condition reads. Asking whether one exists makes all its reads in this condition guarded. */
export function conditionVariables(condition: Condition): VariableUse[] {
  const all = nodes(condition);
  const asked = new Set(all.filter((node) => node.op === 'exists').map((node) => variable(node.left)));
  return all.flatMap((node) =>
    [...valueVariables(node.left), ...valueVariables(node.right)].map((use) => ({
      ...use,
      guarded: asked.has(use.path),
    })),
  );
}

/** What the schema can't say: bad patterns, a list that is none. */
export function conditionProblems(condition: Condition): { code: string; message: string }[] {
  return nodes(condition).flatMap((node) => {
    if (node.op === 'matches') {
      if (typeof node.right !== 'string') return [{ code: 'bad_regex', message: 'A pattern is a text.' }];
      const pattern = compilePattern(node.right);
      return pattern.kind === 'bad' ? [{ code: 'bad_regex', message: pattern.message }] : [];
    }
    if (node.op === 'in' && !Array.isArray(node.right) && variable(node.right) === null)
      return [{ code: 'bad_condition', message: '"is one of" needs a list on its right.' }];
    return [];
  });
}

/** In words, for the canvas and the trace: `message.text contains "help"`. */
export function describeCondition(condition: Condition): string {
  if ('all' in condition)
    return condition.all.length === 0 ? 'always' : condition.all.map(bracketed).join(' and ');
  if ('any' in condition)
    return condition.any.length === 0 ? 'never' : condition.any.map(bracketed).join(' or ');
  if ('not' in condition) return `not ${bracketed(condition.not)}`;
  return condition.op === 'exists'
    ? `${side(condition.left)} ${words.exists}`
    : `${side(condition.left)} ${words[condition.op]} ${side(condition.right)}`;
}
const side = (value: Json | undefined): string => variable(value) ?? JSON.stringify(value ?? null);
function bracketed(condition: Condition): string {
  const many =
    ('all' in condition && condition.all.length > 1) || ('any' in condition && condition.any.length > 1);
  return many ? `(${describeCondition(condition)})` : describeCondition(condition);
}
