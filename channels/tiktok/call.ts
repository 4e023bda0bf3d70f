import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type AdapterInbox } from '../contract.ts';
import { toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { exactJsonOf } from '../json-body.ts';
import type { TikTokCredentials } from './definition.ts';
import { tikTokError } from './errors.ts';
import { answer } from './wire.ts';

export type TikTokInbox = AdapterInbox<TikTokCredentials>;

export interface TikTokCall {
  /** The API's base, without version. */
  base: string;
  /** Below the version, with slashes at both ends: TikTok knows no path without the last. */
  path: `/${string}/`;
  accessToken?: string;
  query?: Record<string, string>;
  json?: JsonObject;
  form?: FormData;
  signal: AbortSignal;
}

const VERSION = '/open_api/v1.3';

/** One call of the Business API: `data` of its answer. No URL is ever put into an error, for a query may hold the app's secret. @throws ChannelError */
export async function callTikTok(http: HttpClient, call: TikTokCall): Promise<unknown> {
  const { base, path, accessToken, query, signal } = call;
  const { body, contentType } = await encoded(call);
  let response: HttpResponse;
  try {
    response = await http.request({
      method: body === undefined ? 'GET' : 'POST',
      url: `${base}${VERSION}${path}${query ? `?${new URLSearchParams(query).toString()}` : ''}`,
      headers: {
        ...(accessToken === undefined ? {} : { 'access-token': accessToken }),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body }),
      signal,
      trusted: true,
    });
  } catch (error) {
    throw toChannelError(error);
  }
  const read = answer.safeParse(exactJsonOf(response.body));
  if (read.success && read.data.code === 0 && response.status === 200) return read.data.data;
  throw tikTokError(response.status, read.success ? read.data : undefined, response.headers);
}

/** TikTok took the call, and its answer is not what it promises: whether it was done is not known. */
export function unreadable(what: string): ChannelError {
  return new ChannelError('no_answer', `TikTok’s answer to ${what} could not be read.`);
}

/** What an inbox's calls have in common. */
export function asInbox(inbox: TikTokInbox): Pick<TikTokCall, 'base' | 'accessToken'> {
  return { base: inbox.urls['api'] ?? '', accessToken: inbox.credentials.accessToken };
}

async function encoded({
  json,
  form,
}: TikTokCall): Promise<{ body?: string | Uint8Array; contentType?: string }> {
  if (json) return { body: JSON.stringify(json), contentType: 'application/json' };
  if (!form) return {};
  const multipart = new Response(form);
  return {
    body: new Uint8Array(await multipart.arrayBuffer()),
    contentType: multipart.headers.get('content-type') ?? '',
  };
}
