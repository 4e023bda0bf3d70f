/**
 * `{{ path | filter: "arg", 2 | filter }}`: values are inserted as text and never read as a template again. `{{ "{{" }}` writes
 * the braces themselves. Text that is no expression stays as it is, and is a problem for the checker.
 */
import type { Json } from '../json.ts';
import { FILTERS, type Literal } from './filters.ts';
import { cutText, parsePath, readPath, toText } from './path.ts';

/** Longest rendered text, in UTF-16 units. */
export const MAX_RENDERED = 131_072;

interface Expression {
  path: string | null;
  keys: readonly string[];
  literal: Literal;
  filters: { name: string; args: Literal[] }[];
}
export interface Template {
  segments: (string | Expression)[];
  problems: string[];
}
/** A variable a text or a condition reads. `guarded`: it is meant to be missing sometimes (`default`, `exists`). */
export interface VariableUse {
  path: string;
  guarded: boolean;
}

const token =
  /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?)|(true|false|null)(?![\w.])|([|:,])|((?:[^\s|:,"'[]|\[[^\]]*\])+))/uy;

/** Cuts a text into literals and expressions. Never throws. */
export function parseTemplate(source: string): Template {
  const segments: Template['segments'] = [];
  const problems: string[] = [];
  let from = 0;
  while (from < source.length) {
    const open = source.indexOf('{{', from);
    if (open < 0) break;
    const close = closing(source, open + 2);
    if (close < 0) {
      problems.push('A {{ is never closed by }}.');
      break;
    }
    if (open > from) segments.push(source.slice(from, open));
    const body = source.slice(open + 2, close);
    const expression = parseExpression(body);
    if (typeof expression === 'string') problems.push(`{{${cutText(body, 60)}}}: ${expression}`);
    segments.push(typeof expression === 'string' ? source.slice(open, close + 2) : expression);
    from = close + 2;
  }
  if (from < source.length) segments.push(source.slice(from));
  return { segments, problems };
}

/** Where the }} is that belongs to this {{: one inside quotes does not count. */
function closing(source: string, from: number): number {
  let quote = '';
  for (let at = from; at < source.length; at++) {
    const char = source[at] ?? '';
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '}' && source[at + 1] === '}') return at;
  }
  // Quotes that don't pair (an apostrophe) must not swallow the rest of the text.
  return quote === '' ? -1 : source.indexOf('}}', from);
}

/** An expression, or what is wrong with it. */
function parseExpression(body: string): Expression | string {
  const tokens: { value: Literal; kind: 'literal' | 'mark' | 'word' }[] = [];
  token.lastIndex = 0;
  const trimmed = body.trim();
  while (token.lastIndex < trimmed.length) {
    const match = token.exec(trimmed);
    if (match === null) return 'a quote or a bracket is never closed.';
    const quoted = match[1] ?? match[2];
    if (quoted !== undefined) tokens.push({ value: quoted.replace(/\\(.)/gu, '$1'), kind: 'literal' });
    else if (match[3] !== undefined) tokens.push({ value: Number(match[3]), kind: 'literal' });
    else if (match[4] !== undefined)
      tokens.push({ value: match[4] === 'null' ? null : match[4] === 'true', kind: 'literal' });
    else if (match[5] !== undefined) tokens.push({ value: match[5], kind: 'mark' });
    else tokens.push({ value: match[6] ?? '', kind: 'word' });
  }
  const head = tokens.shift();
  if (head === undefined || head.kind === 'mark') return 'a variable is missing.';
  const keys = head.kind === 'word' ? parsePath(String(head.value)) : [];
  if (keys === null) return `"${String(head.value)}" is no variable.`;
  const expression: Expression = {
    path: head.kind === 'word' ? String(head.value) : null,
    keys,
    literal: head.value,
    filters: [],
  };
  while (tokens.length > 0) {
    const name = tokens[0]?.value === '|' && tokens[1]?.kind === 'word' ? String(tokens[1].value) : null;
    if (name === null) return 'after the variable only "| filter" can follow.';
    if (!Object.hasOwn(FILTERS, name))
      return `there is no filter "${name}"; there are ${Object.keys(FILTERS).join(', ')}.`;
    tokens.splice(0, 2);
    const args: Literal[] = [];
    while (tokens[0]?.kind === 'mark' && tokens[0].value !== '|') {
      if (tokens[0].value !== (args.length === 0 ? ':' : ',') || tokens[1]?.kind !== 'literal')
        return `arguments of "${name}" are written like ${name}: "text", 2.`;
      args.push(tokens[1].value);
      tokens.splice(0, 2);
    }
    expression.filters.push({ name, args });
  }
  return expression;
}

/** Fills in a template. `encode` is applied to each inserted value (percent-encoding in addresses), never to the text around it. */
export function renderTemplate(
  source: string,
  root: unknown,
  encode: (value: string) => string = (value) => value,
): string {
  if (!source.includes('{{')) return cutText(source, MAX_RENDERED);
  let text = '';
  for (const segment of parseTemplate(source).segments) {
    text += typeof segment === 'string' ? segment : encode(toText(evaluate(segment, root)));
    if (text.length > MAX_RENDERED) return cutText(text, MAX_RENDERED);
  }
  return text;
}

function evaluate(expression: Expression, root: unknown): Json | undefined {
  let value = expression.path === null ? expression.literal : readPath(root, expression.keys);
  for (const filter of expression.filters) value = FILTERS[filter.name]?.(value, filter.args);
  return value;
}

/** The variables a text reads. */
export function templateVariables(source: string): VariableUse[] {
  return parseTemplate(source).segments.flatMap((segment) =>
    typeof segment === 'string' || segment.path === null
      ? []
      : [{ path: segment.path, guarded: segment.filters.some((filter) => filter.name === 'default') }],
  );
}
