/**
 * The one way out: HTTP to providers, callbacks and flow steps. Refuses private addresses, pins the checked one, follows no
 * redirect, caps the answer, and tells "provably not sent" from "no answer".
 */
import { Agent, buildConnector, Pool, type Dispatcher } from 'undici';
import { createAddressGuard, type GuardOptions } from './address-guard.ts';
import { HttpError } from './http-error.ts';

export interface HttpRequest {
  method: string;
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** The call's whole time, body included. */
  signal: AbortSignal;
  /** Largest answer accepted; default 1 MiB. */
  maxBytes?: number;
  /**
   * The host comes from the deployment's configuration (a provider's base URL), not from a customer: private addresses and
   * denied ports are allowed. Uses connections of its own.
   */
  trusted?: boolean;
}
export interface HttpResponse {
  status: number;
  /** Names in lower case; repeated headers joined by ", ". */
  headers: Record<string, string>;
  body: Uint8Array;
}
export interface HttpClient {
  /**
   * One request, never repeated, redirects handed back as they are. Resolves with any status.
   * @throws HttpError
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Whether `request` would be let through now, by URL and DNS; connects to nothing. @throws HttpError */
  check(url: string): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;

export function createHttpClient(options: GuardOptions): HttpClient {
  const guard = createAddressGuard(options);
  const common = {
    connections: 128,
    pipelining: 1,
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  };
  const connecting = { timeout: 10_000, autoSelectFamily: true };
  // Two pools, so that a connection opened for a trusted URL can't be reused by a customer's.
  const open = new Agent({ ...common, connect: connecting });
  const guarded = new Agent({
    ...common,
    factory(origin) {
      const lookup = guard.lookup(portOf(new URL(origin)));
      const connect = buildConnector({ ...connecting, lookup });
      return new Pool(origin, { ...common, connect });
    },
  });
  return {
    async request(request) {
      const url = parseUrl(request.url);
      if (!request.trusted) guard.checkHost(url.hostname, portOf(url));
      return await dispatch(request.trusted ? open : guarded, url, request);
    },
    async check(url) {
      const parsed = parseUrl(url);
      await guard.resolve(parsed.hostname, portOf(parsed));
    },
    async close() {
      await Promise.all([guarded.destroy(), open.destroy()]);
    },
  };
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new HttpError('blocked', 'This is not a URL.');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new HttpError('blocked', `Only http and https are called, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '')
    throw new HttpError('blocked', 'A URL may not carry a user name or password.');
  return url;
}

function dispatch(agent: Dispatcher, url: URL, request: HttpRequest): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
  const chunks: Uint8Array[] = [];
  let received = 0;
  let controller: Dispatcher.DispatchController | undefined;
  let status: number | undefined;
  let headers: Record<string, string> = {};
  let settled = false;

  const fail = (error: HttpError): void => {
    if (settled) return;
    settled = true;
    request.signal.removeEventListener('abort', onAbort);
    reject(error);
    controller?.abort(error);
  };
  // undici calls onRequestStart right before it writes: without it nothing has left, and aborting there keeps it so.
  const outcome = (): 'not_sent' | 'no_answer' => (controller ? 'no_answer' : 'not_sent');
  const onAbort = (): void =>
    fail(
      new HttpError(outcome(), `${controller ? 'No answer' : 'No connection'} within the time allowed.`, {
        status,
        headers,
        cause: request.signal.reason,
      }),
    );
  if (request.signal.aborted) onAbort();
  else request.signal.addEventListener('abort', onAbort, { once: true });
  if (settled) return promise;

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      if (settled) started.abort(new Error('The time was over before the request was written.'));
      else controller = started;
    },
    onResponseStart(_, statusCode, incoming) {
      if (statusCode < 200) return;
      status = statusCode;
      headers = flatten(incoming);
      if (Number(headers['content-length'] ?? 0) > maxBytes) fail(tooLarge(maxBytes, status, headers));
    },
    onResponseData(_, chunk) {
      received += chunk.byteLength;
      if (received > maxBytes) fail(tooLarge(maxBytes, status, headers));
      else chunks.push(chunk);
    },
    onResponseEnd() {
      if (settled) return;
      settled = true;
      request.signal.removeEventListener('abort', onAbort);
      resolve({ status: status ?? 0, headers, body: Buffer.concat(chunks) });
    },
    onResponseError(_, error) {
      if (error instanceof HttpError) fail(error);
      else if (!controller && codeOf(error) === 'UND_ERR_INVALID_ARG') fail(unmakeable(error));
      else fail(new HttpError(outcome(), describe(error), { status, headers, cause: error }));
    },
  };
  try {
    agent.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: { 'user-agent': 'Teloring', 'accept-encoding': 'identity', ...request.headers },
        body: request.body ?? null,
      },
      handler,
    );
  } catch (error) {
    fail(unmakeable(error));
  }
  return promise;
}

function tooLarge(maxBytes: number, status: number | undefined, headers: Record<string, string>): HttpError {
  return new HttpError('too_large', `The answer is larger than ${maxBytes} bytes.`, { status, headers });
}

function flatten(incoming: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(incoming).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

const words: Record<string, string> = {
  ENOTFOUND: 'The host name is not known.',
  EAI_AGAIN: 'The host name could not be resolved.',
  ECONNREFUSED: 'The connection was refused.',
  ECONNRESET: 'The connection was reset.',
  EHOSTUNREACH: 'The host is not reachable.',
  ENETUNREACH: 'The network is not reachable.',
  ETIMEDOUT: 'No connection within the time allowed.',
  UND_ERR_CONNECT_TIMEOUT: 'No connection within the time allowed.',
  UND_ERR_SOCKET: 'The connection was closed.',
};
/** Said by code, for the library's own words may repeat the URL, and a URL may hold a token. */
function describe(error: Error): string {
  return words[codeOf(error)] ?? `The request failed (${codeOf(error)}).`;
}
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
function unmakeable(error: unknown): HttpError {
  return new HttpError('blocked', 'The request can’t be made: its method or a header is not valid.', {
    cause: error,
  });
}
