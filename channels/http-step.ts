/** The flow's HTTP step as one guarded request. */
import type { Json } from '#domain/json.ts';
import type { Effect } from '#domain/flow/types.ts';
import { ChannelError } from './contract.ts';
import { toChannelError } from './http-error.ts';
import type { HttpClient } from './http.ts';
import { jsonOf } from './json-body.ts';

export type HttpStepEffect = Omit<Extract<Effect, { kind: 'http' }>, 'kind'>;
export interface HttpStepResult {
  status: number;
  headers: Record<string, string>;
  /** JSON where the answer says it is and is, else text. */
  body: Json;
}

const MAX_BYTES = 64 * 1024;
/** What a request's framing is made of; never a flow's to set. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Performs the call once, within `timeoutMs` and `signal`. Any status resolves: whether it is the step's `ok` or `error` exit is
 * the flow's question.
 * @throws ChannelError not_sent, no_answer (also an answer over 64 KiB) or permanent
 */
export async function performHttpStep(
  client: HttpClient,
  effect: HttpStepEffect,
  signal: AbortSignal,
): Promise<HttpStepResult> {
  const method = effect.method.toUpperCase();
  if (!/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method))
    throw new ChannelError('permanent', `${method} is not a method a flow may use.`);
  const headers = Object.fromEntries(
    Object.entries(effect.headers)
      .map(([name, value]) => [name.trim().toLowerCase(), value] as const)
      .filter(([name]) => name !== '' && !RESERVED.has(name)),
  );
  const hasBody = effect.body !== null && method !== 'GET' && method !== 'HEAD';
  if (hasBody && headers['content-type'] === undefined) headers['content-type'] = 'application/json';
  try {
    const answer = await client.request({
      method,
      url: effect.url,
      headers,
      ...(hasBody && effect.body !== null ? { body: effect.body } : {}),
      signal: AbortSignal.any([signal, AbortSignal.timeout(effect.timeoutMs)]),
      maxBytes: MAX_BYTES,
    });
    return { status: answer.status, headers: answer.headers, body: bodyOf(answer.headers, answer.body) };
  } catch (error) {
    throw toChannelError(error);
  }
}

function bodyOf(headers: Record<string, string>, bytes: Uint8Array): Json {
  const isJson = /[/+]json\b/i.test(headers['content-type'] ?? '');
  const json = isJson ? jsonOf(bytes) : undefined;
  return json === undefined ? new TextDecoder().decode(bytes) : json;
}
