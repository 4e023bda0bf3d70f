/** Calls of Microsoft Graph for one mailbox: its token, at most four at once, ids that don't change. */
import type { Json } from '#domain/json.ts';
import { ChannelError } from '../../contract.ts';
import { HttpError, toChannelError } from '../../http-error.ts';
import type { HttpClient, HttpResponse } from '../../http.ts';
import { jsonOf } from '../../json-body.ts';
import type { MicrosoftAccounts, MicrosoftInbox } from './accounts.ts';
import { graphRefusal } from './errors.ts';

export interface GraphCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the version: `/me/messages`. */
  path: string;
  json?: Json;
  /** A body of text instead. */
  text?: string;
  prefer?: string;
  maxBytes?: number;
  signal: AbortSignal;
}
export interface Graph {
  /** @throws ChannelError unless it is answered 2xx */
  call(call: GraphCall): Promise<HttpResponse>;
  /** The same, for an answer in JSON. */
  json(call: GraphCall): Promise<Json | undefined>;
  /** `/me`, or `/users/<address>` for a shared mailbox. */
  owner: string;
  /** The base, without a version. */
  base: string;
}

/** Ids stay when a mail is moved: a draft becomes a sent mail under the same one. */
const IMMUTABLE = 'IdType="ImmutableId"';
const MOST_AT_ONCE = 4;
const gates = new Map<string, { running: number; waiting: (() => void)[] }>();

export interface GraphDeps {
  http: HttpClient;
  token: (options: { signal: AbortSignal; refused?: string }) => Promise<string>;
  base: string;
  owner: string;
  /** Calls of one mailbox share a gate. */
  gate: string;
}

export function createGraph({ http, token, base, owner, gate }: GraphDeps): Graph {
  const once = async (call: GraphCall, accessToken: string): Promise<HttpResponse> => {
    const { json, text } = call;
    const body = json === undefined ? text : JSON.stringify(json);
    const type = json === undefined ? 'text/plain' : 'application/json';
    return await http.request({
      method: call.method,
      url: `${versioned(base)}${call.path}`,
      headers: {
        authorization: `Bearer ${accessToken}`,
        prefer: call.prefer === undefined ? IMMUTABLE : `${IMMUTABLE}, ${call.prefer}`,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
      ...(call.maxBytes === undefined ? {} : { maxBytes: call.maxBytes }),
      signal: call.signal,
      trusted: true,
    });
  };
  const request = async (call: GraphCall): Promise<HttpResponse> => {
    const { signal } = call;
    const first = await token({ signal });
    const response = await once(call, first);
    if (response.status !== 401) return response;
    // Refused before anything was done: with a new token it may be asked again.
    return await once(call, await token({ signal, refused: first }));
  };
  const call = async (given: GraphCall): Promise<HttpResponse> => {
    const response = await atMost(gate, given.signal, () => request(given)).catch((error: unknown) => {
      throw error instanceof HttpError ? toChannelError(error) : error;
    });
    if (response.status >= 200 && response.status < 300) return response;
    throw graphRefusal(response);
  };
  return { owner, base, call, json: async (given) => jsonOf((await call(given)).body) };
}

/** The graph of a connected inbox. */
export function graphOf(
  deps: { http: HttpClient; accounts: MicrosoftAccounts },
  inbox: MicrosoftInbox,
): Graph {
  return createGraph({
    http: deps.http,
    token: (options) => deps.accounts.accessToken(inbox, options),
    base: inbox.urls['microsoftGraph'] ?? '',
    owner: ownerOf(inbox),
    gate: inbox.id,
  });
}

/** A mailbox that is not the signed-in person's own is named by its address. */
function ownerOf({ credentials }: MicrosoftInbox): string {
  return credentials.shared ? `/users/${encodeURIComponent(credentials.address)}` : '/me';
}

const versioned = (base: string): string => (/\/(v1\.0|beta)$/.test(base) ? base : `${base}/v1.0`);

/**
 * The path of a link that Graph gave us (`@odata.nextLink`), to be asked at our own base: a token never goes elsewhere.
 * @throws ChannelError
 */
export function pathOfLink(link: string): string {
  const [, path] = /\/(?:v1\.0|beta)(\/.*)$/.exec(link) ?? [];
  if (path === undefined)
    throw new ChannelError('no_answer', 'A link in Microsoft’s answer could not be read.');
  return path;
}

/** Graph refuses a fifth call of an app for the same mailbox. */
async function atMost<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const gate = gates.get(key) ?? { running: 0, waiting: [] };
  gates.set(key, gate);
  if (gate.running >= MOST_AT_ONCE) await turn(gate.waiting, signal);
  else gate.running += 1;
  try {
    return await work();
  } finally {
    const next = gate.waiting.shift();
    // The place is handed on, never freed in between.
    if (next) next();
    else gate.running -= 1;
    if (gate.running === 0) gates.delete(key);
  }
}

function turn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const go = (): void => {
    signal.removeEventListener('abort', stop);
    resolve();
  };
  const stop = (): void => {
    const at = waiting.indexOf(go);
    if (at < 0) return;
    waiting.splice(at, 1);
    reject(
      new ChannelError(
        'not_sent',
        'Microsoft was busy with other calls of this mailbox for the time allowed.',
      ),
    );
  };
  waiting.push(go);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return promise;
}
