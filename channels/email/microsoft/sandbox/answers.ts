import { randomUUID } from 'node:crypto';

/** A refusal in Graph's words. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function refused({ status, code, message, headers }: Refusal): Response {
  const innerError = {
    date: new Date().toISOString().slice(0, 19),
    'request-id': randomUUID(),
    'client-request-id': randomUUID(),
  };
  return Response.json({ error: { code, message, innerError } }, { status, headers });
}

export const notFoundItem = (): Refusal =>
  new Refusal(404, 'ErrorItemNotFound', 'The specified object was not found in the store.');
export const badRequest = (message: string): Refusal => new Refusal(400, 'ErrorInvalidRequest', message);
export const tokenRefused = (): Refusal =>
  new Refusal(401, 'InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.');

/** A refusal of the token endpoint. */
export class TokenRefusal extends Error {
  readonly error: string;
  readonly code: number;
  readonly status: number;
  constructor(error: string, code: number, words: string, status = 400) {
    super(`AADSTS${code}: ${words}`);
    this.error = error;
    this.code = code;
    this.status = status;
  }
}

export function tokenRefusal({ error, code, status, message }: TokenRefusal): Response {
  const trace = randomUUID();
  return Response.json(
    {
      error,
      error_description: `${message} Trace ID: ${trace} Timestamp: ${new Date().toISOString()}`,
      error_codes: [code],
      timestamp: new Date().toISOString(),
      trace_id: trace,
      correlation_id: randomUUID(),
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
    { status, headers: { 'cache-control': 'no-store' } },
  );
}

export function page(title: string, body: string, status = 200): Response {
  return new Response(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui;margin:3rem auto;max-width:30rem;padding:0 1rem}
fieldset{border:1px solid #8888;border-radius:.5rem;margin:1rem 0}button{font:inherit;padding:.4rem 1rem}</style><main><h1>${escaped(title)}</h1>${body}</main></html>`,
    {
      status,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      },
    },
  );
}

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
