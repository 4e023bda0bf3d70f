import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type AdapterInbox } from '../contract.ts';
import { toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { jsonOf } from '../json-body.ts';
import type { LineCredentials } from './definition.ts';
import { lineError } from './errors.ts';
import { refusal } from './wire.ts';

export type LineInbox = AdapterInbox<LineCredentials>;

export interface LineCall {
  method?: 'GET' | 'POST' | 'PUT';
  /** Below the API's base, with a leading slash. */
  path: string;
  json?: JsonObject;
  headers?: Record<string, string>;
  signal: AbortSignal;
}

/** One call of the Messaging API. @throws ChannelError */
export async function callLine(http: HttpClient, inbox: LineInbox, call: LineCall): Promise<unknown> {
  const response = await requestLine(http, inbox, 'api', call);
  return jsonOf(response.body);
}

/** @throws ChannelError for every status but 200 and 202, which stand for "done" and "not ready yet" */
export async function requestLine(
  http: HttpClient,
  inbox: LineInbox,
  host: 'api' | 'data',
  { method = 'GET', path, json, headers = {}, signal, maxBytes }: LineCall & { maxBytes?: number },
): Promise<HttpResponse> {
  let response: HttpResponse;
  try {
    response = await http.request({
      method,
      url: `${inbox.urls[host] ?? ''}${path}`,
      headers: {
        authorization: `Bearer ${inbox.credentials.channelAccessToken}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
      signal,
      trusted: true,
    });
  } catch (error) {
    throw toChannelError(error);
  }
  if (response.status === 200 || response.status === 202) return response;
  const read = refusal.safeParse(jsonOf(response.body));
  throw lineError(response.status, read.success ? read.data : undefined, response.headers);
}

/** LINE took the call, and its answer is not what it promises: whether it was done is not known. */
export function unreadable(what: string): ChannelError {
  return new ChannelError('no_answer', `LINE’s answer to ${what} could not be read.`);
}
