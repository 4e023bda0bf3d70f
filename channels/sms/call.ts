import { ChannelError, type AdapterInbox } from '../contract.ts';
import { toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { jsonOf } from '../json-body.ts';
import type { SmsCredentials } from './definition.ts';
import { twilioError } from './errors.ts';

export type SmsInbox = AdapterInbox<SmsCredentials>;

export interface TwilioCall {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below the account (`/Messages.json`), or below the messaging API where `at` says so. */
  path: string;
  at?: 'account' | 'messaging';
  form?: URLSearchParams;
  /** By the auth token even where there is an API key: what it proves is the token. */
  byToken?: boolean;
  signal: AbortSignal;
}

/** One call of Twilio's API. @throws ChannelError */
export async function callTwilio(http: HttpClient, inbox: SmsInbox, call: TwilioCall): Promise<unknown> {
  const { method, path, form, signal } = call;
  let response: HttpResponse;
  try {
    response = await http.request({
      method,
      url: (call.at === 'messaging' ? messagingUrl(inbox) : accountUrl(inbox)) + path,
      headers: {
        authorization: authorization(inbox.credentials, call.byToken),
        accept: 'application/json',
        ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(form ? { body: form.toString() } : {}),
      signal,
      trusted: true,
    });
  } catch (error) {
    throw toChannelError(error);
  }
  if (response.status === 204 && method === 'DELETE') return null;
  const json = jsonOf(response.body);
  if ((response.status === 200 || response.status === 201) && json !== undefined) return json;
  throw twilioError(response);
}

/** Basic, by the API key where there is one. */
export function authorization(credentials: SmsCredentials, byToken = false): string {
  const { accountSid, authToken, apiKeySid, apiKeySecret } = credentials;
  const pair =
    apiKeySid && apiKeySecret && !byToken ? `${apiKeySid}:${apiKeySecret}` : `${accountSid}:${authToken}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** The provider took the call, and its answer is not what the resource promises. */
export function unreadable(what: string): ChannelError {
  return new ChannelError('no_answer', `Twilio's answer about ${what} could not be read.`);
}

function accountUrl(inbox: SmsInbox): string {
  return `${inbox.urls['api'] ?? ''}/2010-04-01/Accounts/${encodeURIComponent(inbox.credentials.accountSid)}`;
}

/** Messaging services have a host of their own; a double has one for everything. */
function messagingUrl(inbox: SmsInbox): string {
  const api = inbox.urls['api'] ?? '';
  return api === 'https://api.twilio.com' ? 'https://messaging.twilio.com/v1' : `${api}/v1`;
}
