import { z } from 'zod';
import type { Json, JsonObject } from '../../json.ts';
import type { MessageError } from '../../message.ts';
import { exitWith, isWebAddress, renderAddress } from '../outgoing.ts';
import { oneLine, templateProblems, templateText, variableName } from '../params.ts';
import { parsePath, readPath } from '../path.ts';
import { variablesOf } from '../scope.ts';
import { defineStep, type StepResult } from '../step.ts';
import { renderTemplate, templateVariables } from '../template.ts';
import type { EffectOutcome } from '../types.ts';

/** Largest answer value kept, as JSON, in UTF-16 units: it travels with every state of the run. */
const MAX_SAVED = 65_536;

const params = z.object({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  url: templateText.min(1, 'Write the address.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'This is no header name.'), templateText)
    .optional(),
  /** A text is a template. In anything else every text inside is one, and it is sent as JSON, safely quoted. */
  body: z.json().optional(),
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
  /** variable → path in `{status, headers, body}`. */
  save: z
    .record(
      variableName,
      z.string().refine((path) => parsePath(path) !== null, 'This is no path like body.items[0].id.'),
    )
    .optional(),
});
type Params = z.infer<typeof params>;

function mapStrings(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]));
}
function templates({ url, headers = {}, body }: Params): [path: string, template: string][] {
  const found: [string, string][] = [['url', url]];
  for (const [name, value] of Object.entries(headers)) found.push([`headers.${name}`, value]);
  mapStrings(body ?? null, (text) => {
    found.push(['body', text]);
    return text;
  });
  return found;
}

/** `http_status`, `http_error` and what `save` names: always all of them, null where the answer has no such thing. */
function saved(
  given: Params,
  answer: Json,
  error: MessageError | null,
): { vars: JsonObject; tooLarge: string[] } {
  const tooLarge: string[] = [];
  const vars: JsonObject = {};
  for (const [name, path] of Object.entries(given.save ?? {})) {
    const value = readPath(answer, parsePath(path) ?? []) ?? null;
    const fits = JSON.stringify(value).length <= MAX_SAVED;
    if (!fits) tooLarge.push(name);
    vars[name] = fits ? value : null;
  }
  return { vars: { http_status: status(answer), http_error: error?.message ?? null, ...vars }, tooLarge };
}
function status(answer: Json): number | null {
  const value = readPath(answer, ['status']);
  return typeof value === 'number' ? value : null;
}

function finish(given: Params, outcome: EffectOutcome): StepResult {
  const answer: Json = outcome.kind === 'unknown' ? null : (outcome.result ?? null);
  const code = status(answer);
  const error = failure(outcome, code);
  const { vars, tooLarge } = saved(given, answer, error);
  const output = { status: code, ...(tooLarge.length > 0 ? { tooLarge } : {}) };
  return exitWith(error === null ? 'ok' : 'error', { vars, output, ...(error === null ? {} : { error }) });
}
function failure(outcome: EffectOutcome, code: number | null): MessageError | null {
  if (outcome.kind === 'failed') return outcome.error;
  if (outcome.kind === 'unknown')
    return { kind: 'no_answer', message: 'No answer came: the request may have arrived.' };
  if (code !== null && code >= 200 && code < 300) return null;
  return {
    kind: 'http_status',
    message: code === null ? 'The answer has no status.' : `The answer was ${code}.`,
  };
}

export const http = defineStep({
  kind: 'http',
  title: 'HTTP request',
  description: 'Calls another system and keeps parts of its answer.',
  params,
  waits: false,
  summary: ({ method, url }) => oneLine(`${method} ${url}`),
  exits: () => ['ok', 'error'],
  variablesUsed: (given) => templates(given).flatMap(([, template]) => templateVariables(template)),
  variablesDefined: ({ save = {} }) => ['http_status', 'http_error', ...Object.keys(save)],
  problems: (given) => [
    ...templates(given).flatMap(([path, template]) => templateProblems(template, path)),
    ...(given.url.includes('{{') || isWebAddress(given.url)
      ? []
      : [{ code: 'bad_address', path: 'url', message: 'An address begins with https:// or http://.' }]),
  ],
  enter: (given, scope) => {
    const root = variablesOf(scope);
    const url = renderAddress(given.url, root);
    const input = { method: given.method, url };
    if (!isWebAddress(url)) {
      const error = {
        kind: 'bad_address',
        message: 'The address is not an http(s) one after filling it in.',
      };
      return exitWith('error', { input, error, vars: saved(given, null, error).vars });
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(given.headers ?? {}))
      headers[name] = renderTemplate(value, root)
        .replace(/[\r\n\0]+/gu, ' ')
        .trim();
    const filled =
      given.body === undefined ? null : mapStrings(given.body, (text) => renderTemplate(text, root));
    const body = filled === null || typeof filled === 'string' ? filled : JSON.stringify(filled);
    const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
    if (body !== null && typeof filled !== 'string' && !typed) headers['content-type'] = 'application/json';
    const { method, timeoutMs } = given;
    return {
      go: { kind: 'effects', effects: [{ kind: 'http', method, url, headers, body, timeoutMs }] },
      input,
    };
  },
  receive: (given, event, { pending }) =>
    event.kind === 'outcome' && pending !== null ? finish(given, event.outcome) : null,
});
