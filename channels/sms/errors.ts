/** Twilio's error codes in our kinds, for answers and for status callbacks, which often name nothing but the code. */
import type { SendFailureKind } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import type { HttpResponse } from '../http.ts';
import { jsonOf } from '../json-body.ts';
import { retryAfterMs } from '../retry-after.ts';
import { refusal } from './wire.ts';

type Known = readonly [kind: SendFailureKind, words: string];

const table: Readonly<Record<string, Known>> = {
  10001: ['reauthorize', 'The account is not active.'],
  20003: ['reauthorize', 'The credentials were refused.'],
  20005: ['reauthorize', 'The account is not active.'],
  20404: ['reauthorize', 'The account is not known under these credentials.'],
  20429: ['retry_after', 'Too many requests.'],
  14107: ['retry_after', 'Too many messages in a short time.'],
  21211: ['contact_unreachable', 'The number is not valid.'],
  21214: ['contact_unreachable', 'The number can’t be reached.'],
  21217: ['contact_unreachable', 'The number is not valid.'],
  21265: ['contact_unreachable', 'Short codes can’t be written to.'],
  21408: ['permanent', 'Messages to this region are not enabled for the account.'],
  21606: ['permanent', 'The sender can’t send messages to this number.'],
  21608: ['contact_unreachable', 'A trial account only reaches numbers verified with Twilio.'],
  21609: ['permanent', 'The status callback is not a public address; correct PUBLIC_URL and connect again.'],
  21610: ['contact_unreachable', 'The contact has opted out (STOP) and must write START first.'],
  21611: ['retry_after', 'Too many messages of this sender wait at Twilio.'],
  21612: ['contact_unreachable', 'There is no route from this sender to the number.'],
  21614: ['contact_unreachable', 'The number is no mobile number.'],
  21617: ['permanent', 'The text is longer than 1600 characters.'],
  21620: ['permanent', 'The attachment’s address was refused.'],
  21635: ['contact_unreachable', 'The number is a landline.'],
  21659: ['permanent', 'The sender is no number of this account.'],
  21660: ['permanent', 'The sender is no number of this account.'],
  30001: ['retry_after', 'Twilio’s queue of this sender was full.'],
  30002: ['reauthorize', 'The account is suspended.'],
  30003: ['contact_unreachable', 'The phone can’t be reached; it may be off.'],
  30004: ['contact_unreachable', 'The message was blocked by the contact or the carrier.'],
  30005: ['contact_unreachable', 'The number is not known or no longer in use.'],
  30006: ['contact_unreachable', 'The number is a landline or its carrier can’t be reached.'],
  30007: ['permanent', 'The message was filtered as unwanted.'],
  30008: ['permanent', 'It was not delivered; the carrier gave no reason.'],
  30022: ['retry_after', 'The registered campaign’s rate is used up.'],
  30023: ['retry_after', 'The day’s messages of the registered brand are used up.'],
  30032: ['permanent', 'The toll-free number is not verified yet.'],
  30034: ['permanent', 'The number is not registered for messages to the US (A2P 10DLC).'],
  63016: ['window_closed', 'Free text is only allowed within the channel’s window.'],
};

const knownOf = (code: string): Known | undefined => (Object.hasOwn(table, code) ? table[code] : undefined);

/** A failure that a status callback tells: the message was taken and has not arrived. */
export function deliveryError(
  code: string | undefined,
  said: string | undefined,
  status: string,
): { kind: SendFailureKind; message: string; providerCode?: string } {
  const known = code === undefined ? undefined : knownOf(code);
  const words = said || known?.[1] || `The message was ${status}.`;
  return {
    kind: known?.[0] ?? 'permanent',
    message: `Twilio: ${words}${code === undefined ? '' : ` (error ${code})`}`,
    ...(code === undefined ? {} : { providerCode: code }),
  };
}

/** A refusal. 4xx are verdicts: nothing was done. 5xx are not: Twilio knows no idempotency key that would tell. */
export function twilioError(response: HttpResponse, nowMs = Date.now()): ChannelError {
  const { status, headers } = response;
  const read = refusal.safeParse(jsonOf(response.body));
  const code = read.success && read.data.code !== undefined ? String(read.data.code) : undefined;
  const known = code === undefined ? undefined : knownOf(code);
  const words = (read.success ? read.data.message : undefined) || known?.[1] || `status ${status}`;
  const kind = status >= 500 || status < 400 ? 'no_answer' : (known?.[0] ?? kindOf(status));
  return new ChannelError(kind, `Twilio: ${words}`, {
    providerCode: code ?? `http ${status}`,
    ...(kind === 'retry_after' ? { retryAfterMs: retryAfterMs(headers['retry-after'], nowMs) } : {}),
  });
}

function kindOf(status: number): SendFailureKind {
  if (status === 429) return 'retry_after';
  return status === 401 || status === 404 ? 'reauthorize' : 'permanent';
}
