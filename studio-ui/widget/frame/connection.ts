/** Calls to the visitor API with the session in the header; renews the session when the server no longer takes it. */
import type { Store } from './storage.ts';

export type Answer<Body> =
  | { kind: 'ok'; body: Body }
  /** The server said no; trying the same again won't help. */
  | {
      kind: 'refused';
      status: number;
      code: string;
      details?: { path: string; code: 'missing' | 'invalid' }[];
    }
  /** No connection, an overload or a fault of the server: the same again later. */
  | { kind: 'later'; afterMs: number };

type Refusal = Omit<Extract<Answer<never>, { kind: 'refused' }>, 'kind' | 'status'>;

export interface Connection {
  call<Body>(
    method: 'GET' | 'POST',
    path: string,
    body?: Json | Blob,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
  /** A response to be read as it comes; throws where there is none. */
  open(path: string, signal: AbortSignal): Promise<Response>;
}
type Json = { [key: string]: unknown };

interface Session {
  token: string;
  renewAtMs: number;
}
const renewAfterMs = 24 * 3_600_000;

export function createConnection(store: Store): Connection {
  let session = storedSession(store);
  let renewal: Promise<Answer<Session>> | null = null;

  const renew = (): Promise<Answer<Session>> => {
    renewal ??= askSession().finally(() => (renewal = null));
    return renewal;
  };
  async function askSession(): Promise<Answer<Session>> {
    // Another tab may have renewed it meanwhile: the same visitor goes on.
    const latest = storedSession(store) ?? session;
    const answer = await exchange<{ token: string; renewed: boolean }>(
      new Request('session', {
        method: 'POST',
        headers: latest ? { authorization: `Bearer ${latest.token}` } : {},
      }),
    );
    if (answer.kind !== 'ok') return answer;
    session = { token: answer.body.token, renewAtMs: Date.now() + renewAfterMs };
    store.set('session', JSON.stringify(session));
    // A visitor the server no longer knows begins anew; the thread on screen isn't theirs.
    if (latest && !answer.body.renewed) location.reload();
    return { kind: 'ok', body: session };
  }
  const current = async (): Promise<Answer<Session>> => {
    session = storedSession(store) ?? session;
    return session && session.renewAtMs > Date.now() ? { kind: 'ok', body: session } : renew();
  };

  return {
    async call<Body>(
      method: 'GET' | 'POST',
      path: string,
      body?: Json | Blob,
      headers: Record<string, string> = {},
    ) {
      let held = await current();
      for (let attempt = 0; held.kind === 'ok'; attempt++) {
        const json = body !== undefined && !(body instanceof Blob);
        const init: RequestInit = {
          method,
          headers: {
            authorization: `Bearer ${held.body.token}`,
            ...(json ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
        };
        if (body !== undefined) init.body = body instanceof Blob ? body : JSON.stringify(body);
        const answer = await exchange<Body>(new Request(path, init));
        if (answer.kind !== 'refused' || answer.status !== 401 || attempt > 0) return answer;
        held = await renew();
      }
      return held;
    },
    async open(path, signal) {
      const held = await current();
      if (held.kind !== 'ok') throw new Error('no session');
      const response = await fetch(path, { headers: { authorization: `Bearer ${held.body.token}` }, signal });
      if (response.status === 401) await renew();
      if (!response.ok || !response.body) throw new Error(`stream: ${response.status}`);
      return response;
    },
  };
}

async function exchange<Body>(request: Request): Promise<Answer<Body>> {
  try {
    const response = await fetch(request);
    if (response.ok) return { kind: 'ok', body: (await response.json()) as Body };
    if (response.status >= 500 || response.status === 429 || response.status === 408) {
      return { kind: 'later', afterMs: Number(response.headers.get('retry-after') ?? '0') * 1000 };
    }
    const { error } = (await response.json()) as { error?: Partial<Refusal> };
    return {
      kind: 'refused',
      status: response.status,
      code: error?.code ?? 'refused',
      ...(error?.details && { details: error.details }),
    };
  } catch {
    return { kind: 'later', afterMs: 0 };
  }
}

function storedSession(store: Store): Session | null {
  try {
    const stored = JSON.parse(store.get('session') ?? 'null') as Session | null;
    return typeof stored?.token === 'string' ? stored : null;
  } catch {
    return null;
  }
}
