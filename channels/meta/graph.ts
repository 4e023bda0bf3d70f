/** The Graph API's one way in: version, token, proof, errors. */
import { createHmac } from 'node:crypto';
import type { ProviderApp } from '#domain/channel.ts';
import type { Json } from '#domain/json.ts';
import { ChannelError } from '../contract.ts';
import { toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { exactJsonOf } from '../json-body.ts';
import { graphError, type KindByCode } from './errors.ts';

export { fetchGraphMedia } from './media.ts';

export const GRAPH_VERSION = 'v26.0';

export interface GraphCall {
  /** `inbox.urls.graph` or another of Meta's hosts; may carry a path. */
  base: string;
  token: string;
  /** The app the token was made for: adds `appsecret_proof`, which apps may demand. */
  app?: ProviderApp | undefined;
  method: 'GET' | 'POST' | 'DELETE';
  /** Below the version: `/123/messages`. */
  path: string;
  /** Without the version: Instagram's token exchange. */
  unversioned?: true;
  query?: Readonly<Record<string, string>>;
  json?: Json;
  /** FormData goes as multipart, fields as x-www-form-urlencoded. */
  form?: FormData | Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** The channel's own codes, asked before the shared table. */
  kindOf?: KindByCode;
}

/**
 * One call; its parsed answer, whose large integers are strings. The token travels in a header, so no URL holds it.
 * @throws ChannelError in the provider's words; `no_answer` also where a success can't be read
 */
export async function callGraph(http: HttpClient, call: GraphCall): Promise<unknown> {
  const { body, contentType } = await bodyOf(call);
  let response: HttpResponse;
  try {
    response = await http.request({
      method: call.method,
      url: urlOf(call),
      headers: {
        authorization: `Bearer ${call.token}`,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body }),
      signal: call.signal,
      trusted: true,
    });
  } catch (error) {
    throw toChannelError(error);
  }
  const answer = exactJsonOf(response.body);
  const refused = answer !== null && typeof answer === 'object' && 'error' in answer;
  if (response.status >= 200 && response.status < 300 && !refused) {
    if (answer !== undefined) return answer;
    throw unreadable(`${call.method} ${call.path}`);
  }
  throw graphError(answer, response.status, response.headers, {
    ...(call.kindOf ? { kindOf: call.kindOf } : {}),
    secrets: [call.token, ...(call.app ? [call.app.secret] : [])],
  });
}

/** Meta took the call, and its answer is not what it promises: whether it was done is not known. */
export function unreadable(what: string): ChannelError {
  return new ChannelError('no_answer', `Meta's answer to ${what} could not be read.`);
}

/** Proves that the caller of a token also holds its app's secret. */
export function appSecretProof(token: string, app: ProviderApp): string {
  return createHmac('sha256', app.secret).update(token).digest('hex');
}

/** The app's own token. */
export function appToken(app: ProviderApp): string {
  return `${app.id}|${app.secret}`;
}

function urlOf({ base, token, app, path, unversioned, query = {} }: GraphCall): string {
  const fields = new URLSearchParams(query);
  if (app) fields.set('appsecret_proof', appSecretProof(token, app));
  const search = fields.size === 0 ? '' : `?${fields.toString()}`;
  return `${base.replace(/\/+$/, '')}${unversioned ? '' : `/${GRAPH_VERSION}`}${path}${search}`;
}

async function bodyOf({
  json,
  form,
}: GraphCall): Promise<{ body?: string | Uint8Array; contentType?: string }> {
  if (json !== undefined) return { body: JSON.stringify(json), contentType: 'application/json' };
  if (form === undefined) return {};
  const encoded = new Response(form instanceof FormData ? form : new URLSearchParams(form));
  return {
    body: new Uint8Array(await encoded.arrayBuffer()),
    contentType: encoded.headers.get('content-type') ?? '',
  };
}
