/** Where LINE delivers, and whether it gets through. */
import type { z } from 'zod';
import type { HttpClient } from '../http.ts';
import { callLine, unreadable, type LineInbox } from './call.ts';
import { endpoint, test } from './wire.ts';

const PATH = '/v2/bot/channel/webhook';

export const SWITCH_IT_ON =
  'Switch on “Use webhook” in the LINE Developers console, Messaging API tab (it can’t be done from here), and “Webhook redelivery” below it.';

/** @throws ChannelError */
export async function setEndpoint(
  http: HttpClient,
  inbox: LineInbox,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  await callLine(http, inbox, { method: 'PUT', path: `${PATH}/endpoint`, json: { endpoint: url }, signal });
}

/** @throws ChannelError */
export async function readEndpoint(
  http: HttpClient,
  inbox: LineInbox,
  signal: AbortSignal,
): Promise<z.infer<typeof endpoint>> {
  const read = endpoint.safeParse(await callLine(http, inbox, { path: `${PATH}/endpoint`, signal }));
  if (!read.success) throw unreadable('the webhook endpoint');
  return read.data;
}

/** Lets LINE call the endpoint with an empty, signed delivery; null where that works. @throws ChannelError */
export async function testEndpoint(
  http: HttpClient,
  inbox: LineInbox,
  url: string,
  signal: AbortSignal,
): Promise<{ statusCode: number; reason: string } | null> {
  const answer = await callLine(http, inbox, {
    method: 'POST',
    path: `${PATH}/test`,
    json: { endpoint: url },
    signal,
  });
  const read = test.safeParse(answer);
  if (!read.success) throw unreadable('the webhook test');
  const { success, statusCode, reason, detail } = read.data;
  if (success) return null;
  // Our own refusal of LINE's signature: only the secret can be wrong.
  if (statusCode === 401 || statusCode === 403)
    return {
      statusCode,
      reason: 'LINE signs with another channel secret than this inbox has; correct it and connect again.',
    };
  return {
    statusCode,
    reason: `LINE can’t deliver to ${url}: ${[reason, detail].filter(Boolean).join(', ')}.`,
  };
}
