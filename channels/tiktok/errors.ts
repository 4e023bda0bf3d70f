import type { z } from 'zod';
import type { SendFailureKind } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { answer } from './wire.ts';

/** The account's daily pace is used up; asking every second would not mend it. */
const TOO_FAST_MS = 10 * 60_000;

/**
 * TikTok's refusal in our kinds. It comes with status 200 and a code in the body. Codes of 40000 are verdicts: nothing was done.
 * System errors (5xxxx) are none, and there is no key to repeat a send by: they are `no_answer`, which the echo may resolve.
 */
export function tikTokError(
  status: number,
  body: z.infer<typeof answer> | undefined,
  headers: Readonly<Record<string, string>> = {},
): ChannelError {
  const words = body?.message ?? `the answer had status ${status}`;
  const message = `TikTok: ${words}${body?.request_id ? ` (request ${body.request_id})` : ''}`;
  const code = body && body.code !== 0 ? body.code : undefined;
  const kind = code === undefined ? byStatus(status) : byCode(code, words);
  return new ChannelError(kind, message, {
    providerCode: String(code ?? status),
    retryAfterMs:
      kind !== 'retry_after'
        ? undefined
        : code === 40_064
          ? TOO_FAST_MS
          : retryAfterMs(headers['retry-after'], Date.now()),
  });
}

const byCodeTable: Record<number, SendFailureKind> = {
  // A permission that the account didn't grant, or has taken back: only a new authorization mends it.
  40001: 'reauthorize',
  40002: 'permanent',
  40007: 'contact_unreachable',
  40100: 'retry_after',
  40104: 'reauthorize',
  40105: 'reauthorize',
  40908: 'permanent',
};

function byCode(code: number, words: string): SendFailureKind {
  // One code for everything the rules of direct messages forbid; only its words tell the pace from the window.
  if (code === 40_064) return /too fast|take a rest|frequen/i.test(words) ? 'retry_after' : 'window_closed';
  const known = byCodeTable[code];
  if (known) return known;
  return code >= 40_000 && code < 50_000 ? 'permanent' : 'no_answer';
}

function byStatus(status: number): SendFailureKind {
  if (status === 429) return 'retry_after';
  if (status === 401) return 'reauthorize';
  return status >= 400 && status < 500 ? 'permanent' : 'no_answer';
}
