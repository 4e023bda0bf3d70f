/** Talks to our own API: JSON, cookie session, one error type. */
import type { Query } from '../routes.ts';
import { searchOf } from '../routes.ts';

/** A refusal or a failure to reach the server. `code` is the API's, or `offline`. */
export class ApiFailure extends Error {
  override name = 'ApiFailure';
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly details: unknown;
  constructor(
    status: number,
    code: string,
    message: string,
    requestId: string | null = null,
    details?: unknown,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.details = details;
  }
}

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Told of every 401 that a request meets, so that an ended session leads to the sign-in page. */
let onUnauthorized: () => void = () => {};
export function whenUnauthorized(handler: () => void): void {
  onUnauthorized = handler;
}

/**
 * The answer's JSON, trusted to be `T` (our own API). An empty answer is null.
 * @throws ApiFailure
 */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  const { query = {}, body, signal } = options;
  const isForm = body instanceof FormData;
  let response: Response;
  try {
    response = await fetch(path + searchOf(query), {
      method,
      signal: signal ?? null,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : isForm ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFailure(
      0,
      'offline',
      'Teloring can’t be reached. Nothing was lost: try again when you are back online.',
    );
  }
  const text = await response.text();
  const answer = parse(text);
  if (response.ok) return answer as T;
  if (response.status === 401 && !path.startsWith('/api/auth/')) onUnauthorized();
  throw failureOf(response.status, answer);
}

function parse(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's HTML page; the status says enough
  }
}

/** Reads our own `{error:{…}}` and the auth library's `{code, message}`. */
export function failureOf(status: number, answer: unknown): ApiFailure {
  const root = isRecord(answer) ? answer : {};
  const inner = isRecord(root['error']) ? root['error'] : root;
  return new ApiFailure(
    status,
    text(inner['code']) ?? `http_${status}`,
    text(inner['message']) ?? fallbackMessage(status),
    text(inner['requestId']),
    inner['details'],
  );
}
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function fallbackMessage(status: number): string {
  if (status === 401) return 'You are signed out. Sign in to go on.';
  if (status === 403) return 'Your role doesn’t allow this. Ask an admin of this workspace.';
  if (status === 404) return 'This isn’t here. It may have been deleted, or it belongs to another workspace.';
  if (status === 429) return 'Too many requests just now. Wait a moment and try again.';
  if (status >= 500) return 'Teloring had a problem of its own. Nothing was lost; try again in a moment.';
  return `The server refused this (${status}).`;
}

/** What to tell a person about anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError';
