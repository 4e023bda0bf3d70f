/** One call to the server, and what became of it. */
export type Answer<Body> =
  | { kind: 'ok'; body: Body }
  /** The server said no; trying the same again won't help. */
  | {
      kind: 'refused';
      status: number;
      code: string;
      message: string;
      details?: { path: string; code: 'missing' | 'invalid' }[];
    }
  /** No connection, an overload or a fault of the server: the same again later. */
  | { kind: 'later'; afterMs: number }
  /** Whoever asked doesn't want it any more. */
  | { kind: 'given_up' };

type Refusal = Omit<Extract<Answer<never>, { kind: 'refused' }>, 'kind' | 'status'>;
export type Json = { [key: string]: unknown };

export interface SendOptions {
  headers: Record<string, string>;
  progress?: (share: number) => void;
  signal?: AbortSignal;
}

export async function send<Body>(
  method: 'GET' | 'POST',
  path: string,
  body: Json | Blob | undefined,
  { headers, progress, signal }: SendOptions,
): Promise<Answer<Body>> {
  if (body instanceof Blob) return upload(path, body, headers, progress, signal);
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    init.headers = { ...headers, 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  return exchange(new Request(path, init));
}

export async function exchange<Body>(request: Request): Promise<Answer<Body>> {
  try {
    const response = await fetch(request);
    return read(response.status, response.headers.get('retry-after'), await response.text());
  } catch {
    return { kind: 'later', afterMs: 0 };
  }
}

/** Only XMLHttpRequest tells how much has left. */
function upload<Body>(
  path: string,
  body: Blob,
  headers: Record<string, string>,
  progress?: (share: number) => void,
  signal?: AbortSignal,
): Promise<Answer<Body>> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve({ kind: 'given_up' });
    const request = new XMLHttpRequest();
    request.open('POST', path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      progress?.(total ? loaded / total : 0),
    );
    request.addEventListener('load', () =>
      resolve(read(request.status, request.getResponseHeader('retry-after'), request.responseText)),
    );
    request.addEventListener('error', () => resolve({ kind: 'later', afterMs: 0 }));
    request.addEventListener('abort', () => resolve({ kind: 'given_up' }));
    signal?.addEventListener('abort', () => request.abort());
    request.send(body);
  });
}

function read<Body>(status: number, retryAfter: string | null, text: string): Answer<Body> {
  if (status >= 500 || status === 429 || status === 408)
    return { kind: 'later', afterMs: Number(retryAfter ?? '0') * 1000 };
  // Not JSON: something between us and the server spoke.
  const json = jsonOf(text);
  if (status >= 200 && status < 300)
    return json === undefined ? { kind: 'later', afterMs: 0 } : { kind: 'ok', body: json as Body };
  const { error } = (json ?? {}) as { error?: Partial<Refusal> };
  return {
    kind: 'refused',
    status,
    code: error?.code ?? 'refused',
    message: error?.message ?? '',
    ...(error?.details && { details: error.details }),
  };
}

function jsonOf(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
