/** Errors become answers here, once: `{error:{code, message, requestId, details?}}`. */
import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { ZodError, type core } from 'zod';
import type { AppEnv } from '../deps.ts';

/** Thrown by handlers and middleware. `message` is read by people: what happened, what still holds, what to do. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly details: unknown;
  constructor(status: ContentfulStatusCode, code: string, message: string, details?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export const notFound = (what: string): ApiError =>
  new ApiError(404, 'not_found', `There is no such ${what} in this workspace.`);

export function errorAnswer(
  c: Context<AppEnv>,
  status: ContentfulStatusCode,
  code: string,
  message: string,
  details?: unknown,
): Response {
  const error = {
    code,
    message,
    requestId: c.get('requestId'),
    ...(details === undefined ? {} : { details }),
  };
  return c.json({ error }, status);
}

/** Known errors keep their words; any other is logged with its request id and answers without a word of itself. */
export function handleErrors(log: Logger): ErrorHandler<AppEnv> {
  return (error, c) => {
    if (error instanceof ApiError) {
      if (error.status >= 500) log.error({ err: error, requestId: c.get('requestId') }, 'request failed');
      return errorAnswer(c, error.status, error.code, error.message, error.details);
    }
    if (error instanceof HTTPException)
      return errorAnswer(c, error.status, httpCode(error.status), error.message);
    if (error instanceof ZodError)
      return errorAnswer(c, 422, 'invalid', 'The input is not valid.', problems(error.issues));
    if (isUnstorableText(error)) {
      return errorAnswer(
        c,
        400,
        'malformed',
        'The request contains a NUL character where none can be; nothing was changed.',
      );
    }
    log.error(
      { err: error, requestId: c.get('requestId'), method: c.req.method, path: c.req.path },
      'request failed',
    );
    return errorAnswer(
      c,
      500,
      'internal',
      'Something went wrong on our side; nothing was changed. Try again, and report the request id if it stays.',
    );
  };
}

export const handleNotFound: NotFoundHandler<AppEnv> = (c) =>
  errorAnswer(c, 404, 'not_found', `There is nothing at ${c.req.method} ${c.req.path}.`);

interface Validation {
  target: string;
  success: boolean;
  error?: { issues: readonly core.$ZodIssue[] };
}

/** The routers' default hook: an id that can't exist is simply not found; other input names what is wrong with it. */
export function rejectInvalid(result: Validation, c: Context): Response | undefined {
  if (result.success || !result.error) return undefined;
  if (result.target === 'param')
    return errorAnswer(c, 404, 'not_found', 'There is no such thing in this workspace.');
  const [status, what] =
    result.target === 'json' || result.target === 'form'
      ? ([422, 'body'] as const)
      : ([400, result.target] as const);
  return errorAnswer(c, status, 'invalid', `The ${what} is not valid.`, problems(result.error.issues));
}

function problems(issues: readonly core.$ZodIssue[]): { path: string; code: string; message: string }[] {
  return issues
    .slice(0, 50)
    .map((issue) => ({ path: issue.path.join('.'), code: issue.code ?? 'invalid', message: issue.message }));
}

/** Postgres refuses NUL in text; bodies are cleaned before (storable-body.ts), so this came by path or query. */
function isUnstorableText(error: Error): boolean {
  return 'code' in error && (error.code === '22021' || error.code === '22P05');
}

const codes: Readonly<Record<number, string>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
};
function httpCode(status: number): string {
  return codes[status] ?? (status >= 500 ? 'internal' : 'refused');
}
