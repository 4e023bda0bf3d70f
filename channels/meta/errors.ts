/** Meta's refusals in our kinds: by code and subcode, never by the words, which change. */
import { z } from 'zod';
import type { SendFailureKind } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import { retryAfterMs } from '../retry-after.ts';

const text = z.string().optional().catch(undefined);
const number = z.int().optional().catch(undefined);
const errorBody = z.looseObject({
  error: z.looseObject({
    message: text,
    code: number,
    error_subcode: number,
    error_user_title: text,
    error_user_msg: text,
    error_data: z.looseObject({ details: text }).optional().catch(undefined),
    is_transient: z.boolean().optional().catch(undefined),
  }),
});

/** A channel's own codes, asked before the shared table. */
export type KindByCode = (code: number, subcode: number | undefined) => SendFailureKind | undefined;

export interface GraphErrorOptions {
  kindOf?: KindByCode;
  /** Blotted out of the provider's words: "Malformed access token …" repeats it. */
  secrets?: readonly string[];
  nowMs?: number;
}

/** The Graph API's answer as an error; `body` is parsed JSON or undefined. `providerCode` is `code/subcode`. */
export function graphError(
  body: unknown,
  status: number,
  headers: Readonly<Record<string, string>>,
  options: GraphErrorOptions = {},
): ChannelError {
  const read = errorBody.safeParse(body);
  if (!read.success || read.data.error.code === undefined) return withoutCode(body, status, headers, options);
  const { error } = read.data;
  const { code = 0, error_subcode: subcode } = error;
  const kind = options.kindOf?.(code, subcode) ?? kindOf(code, subcode, status, error.is_transient === true);
  const words = [error.message, error.error_user_title, error.error_user_msg, error.error_data?.details];
  return new ChannelError(kind, `Meta: ${said(words, status, options.secrets)}`, {
    providerCode: subcode === undefined ? String(code) : `${code}/${subcode}`,
    ...(kind === 'retry_after' ? { retryAfterMs: waitMs(code, subcode, headers, options.nowMs) } : {}),
  });
}

/** Provider, gateway or proxy said no without Graph's own body. A 5xx is no verdict: the call may have been carried out. */
function withoutCode(
  body: unknown,
  status: number,
  headers: Readonly<Record<string, string>>,
  { secrets, nowMs = Date.now() }: GraphErrorOptions,
): ChannelError {
  const read = errorBody.safeParse(body);
  const message = `Meta: ${said([read.success ? read.data.error.message : undefined], status, secrets)}`;
  const providerCode = `http ${status}`;
  if (status === 429 || (status >= 300 && status < 400)) {
    const wait = retryAfterMs(headers['retry-after'], nowMs);
    return new ChannelError('retry_after', message, { providerCode, retryAfterMs: wait });
  }
  if (status === 401) return new ChannelError('reauthorize', message, { providerCode });
  const refused = status >= 400 && status < 500;
  return new ChannelError(refused ? 'permanent' : 'no_answer', message, { providerCode });
}

function kindOf(
  code: number,
  subcode: number | undefined,
  status: number,
  transient: boolean,
): SendFailureKind {
  const exact = subcode === undefined ? undefined : bySubcode[`${code}/${subcode}`];
  if (exact) return exact;
  if (code === 190 || code === 102) return 'reauthorize';
  if (code === 551) return 'contact_unreachable';
  if (isRateLimit(code)) return 'retry_after';
  if (transient || code === 2 || code === 1200) return 'retry_after';
  // "An unknown error": with a 5xx it doesn't say whether the call was carried out.
  if (code === 1) return status >= 500 ? 'no_answer' : 'retry_after';
  if (code === 3 || code === 10 || (code >= 200 && code <= 299)) return 'reauthorize';
  if (code === 100 || status < 500) return 'permanent';
  // A code we don't know, and no verdict either: it may have been carried out.
  return 'no_answer';
}

const bySubcode: Record<string, SendFailureKind> = {
  '10/2018278': 'window_closed',
  '10/2018065': 'window_closed',
  '10/2534022': 'window_closed',
  '10/2018300': 'permanent',
  '10/1893063': 'retry_after',
  '100/2018001': 'contact_unreachable',
  '100/2534014': 'contact_unreachable',
  '200/1545041': 'contact_unreachable',
  '200/2018108': 'contact_unreachable',
  '10/2018108': 'contact_unreachable',
};

function isRateLimit(code: number): boolean {
  return [4, 17, 32, 341, 613].includes(code) || (code >= 80_000 && code <= 80_014);
}

/** How long a page that was restricted for a while is left alone; Meta names no time. */
const RESTRICTED_MS = 3_600_000;

function waitMs(
  code: number,
  subcode: number | undefined,
  headers: Readonly<Record<string, string>>,
  nowMs = Date.now(),
): number | undefined {
  if (code === 10 && subcode === 1_893_063) return RESTRICTED_MS;
  return regainMs(headers['x-business-use-case-usage']) ?? retryAfterMs(headers['retry-after'], nowMs);
}

const usage = z.record(
  z.string(),
  z.array(z.looseObject({ estimated_time_to_regain_access: z.number().nonnegative().optional() })),
);

/** The longest wait the usage header names, which counts in minutes; undefined where it names none. */
function regainMs(header: string | undefined): number | undefined {
  const read = usage.safeParse(parsed(header));
  if (!read.success) return undefined;
  const minutes = Object.values(read.data)
    .flat()
    .map((each) => each.estimated_time_to_regain_access ?? 0);
  const longest = Math.max(0, ...minutes);
  return longest === 0 ? undefined : longest * 60_000;
}

function parsed(header: string | undefined): unknown {
  try {
    return JSON.parse(header ?? '');
  } catch {
    return undefined;
  }
}

function said(
  words: readonly (string | undefined)[],
  status: number,
  secrets: readonly string[] = [],
): string {
  const kept = [...new Set(words.filter((word) => word !== undefined && word.trim() !== ''))];
  const all = kept.length === 0 ? `the answer had status ${status}` : kept.join(' — ');
  return secrets
    .filter((secret) => secret !== '')
    .reduce((message, secret) => message.replaceAll(secret, '…'), all)
    .replaceAll(/\b(EAA|IG[AQ])[\w-]{16,}/g, '…');
}
