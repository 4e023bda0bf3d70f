/** Calls to the visitor API with the session in the header; renews the session when the server no longer takes it. */
import type { Identity } from '../protocol.ts';
import { exchange, send, type Answer, type Json } from './exchange.ts';
import type { Store } from './storage.ts';

export interface Connection {
  call<Body>(
    method: 'GET' | 'POST',
    path: string,
    body?: Json | Blob,
    options?: CallOptions,
  ): Promise<Answer<Body>>;
  /** A response to be read as it comes; throws where there is none. */
  open(path: string, signal: AbortSignal): Promise<Response>;
  /** The website vouches for the visitor. `changed`: they are another visitor now, and what is on screen isn't theirs. */
  identify(identity: Identity): Promise<Answer<{ changed: boolean }>>;
  /** This browser forgets the visitor; the server is told where it can be. */
  leave(): Promise<void>;
}
export interface CallOptions {
  headers?: Record<string, string>;
  /** The share of `body` that has left. */
  progress?: (share: number) => void;
  signal?: AbortSignal;
}

interface Session {
  token: string;
  renewAtMs: number;
  /** The website's id of the person. */
  person?: string;
}
const renewAfterMs = 24 * 3_600_000;

export function createConnection(store: Store): Connection {
  let session = storedSession(store);
  let renewal: Promise<Answer<Session>> | null = null;

  const keep = (token: string, person?: string): Session => {
    session = { token, renewAtMs: Date.now() + renewAfterMs, ...(person !== undefined && { person }) };
    store.set('session', JSON.stringify(session));
    return session;
  };
  const forget = (): void => {
    for (const key of store.keys()) store.remove(key);
  };
  const renew = (): Promise<Answer<Session>> => {
    renewal ??= askSession().finally(() => (renewal = null));
    return renewal;
  };
  async function askSession(): Promise<Answer<Session>> {
    // Another tab may have renewed it meanwhile: the same visitor goes on.
    const latest = storedSession(store) ?? session;
    const answer = await exchange<{ token: string; renewed: boolean }>(
      new Request('session', { method: 'POST', headers: bearer(latest) }),
    );
    if (answer.kind !== 'ok') return answer;
    const { token, renewed } = answer.body;
    const body = keep(token, renewed ? latest?.person : undefined);
    // A visitor the server no longer knows begins anew; the thread on screen isn't theirs.
    if (latest && !renewed) location.reload();
    return { kind: 'ok', body };
  }
  const current = async (): Promise<Answer<Session>> => {
    const stored = storedSession(store);
    // Another tab signed in or out: what is on screen here isn't theirs.
    if (stored && session && stored.person !== session.person) location.reload();
    session = stored ?? session;
    return session && session.renewAtMs > Date.now() ? { kind: 'ok', body: session } : renew();
  };

  return {
    async call(method, path, body, options = {}) {
      let held = await current();
      for (let attempt = 0; held.kind === 'ok'; attempt++) {
        const headers = { ...bearer(held.body), ...options.headers };
        const answer = await send<never>(method, path, body, { ...options, headers });
        if (answer.kind !== 'refused' || answer.status !== 401 || attempt > 0) return answer;
        held = await renew();
      }
      return held;
    },
    async open(path, signal) {
      const held = await current();
      if (held.kind !== 'ok') throw new Error('no session');
      const response = await fetch(path, { headers: bearer(held.body), signal });
      if (response.status === 401) await renew();
      if (!response.ok || !response.body) throw new Error(`stream: ${response.status}`);
      return response;
    },
    async identify(identity) {
      // A session that is being made is the one that goes along.
      await renewal;
      const before = storedSession(store) ?? session;
      const answer = await send<{ token: string }>(
        'POST',
        'identify',
        { ...identity },
        { headers: bearer(before) },
      );
      if (answer.kind !== 'ok') return answer;
      // What another person left here (unsent, half written) is not this one's to say.
      if (before?.person !== undefined && before.person !== identity.externalId) forget();
      keep(answer.body.token, identity.externalId);
      return { kind: 'ok', body: { changed: before?.person !== identity.externalId } };
    },
    async leave() {
      const before = storedSession(store) ?? session;
      if (before) await send('POST', 'logout', {}, { headers: bearer(before) });
      forget();
      session = null;
    },
  };
}

function bearer(session: Session | null): Record<string, string> {
  return session ? { authorization: `Bearer ${session.token}` } : {};
}

function storedSession(store: Store): Session | null {
  try {
    const stored = JSON.parse(store.get('session') ?? 'null') as Session | null;
    return typeof stored?.token === 'string' ? stored : null;
  } catch {
    return null;
  }
}
