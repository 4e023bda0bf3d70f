/** What Meta says of a token: whose it is, what it may do, and until when. */
import { z } from 'zod';
import type { ProviderApp } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { appToken, callGraph, unreadable } from './graph.ts';
import { optionalId, optionalText } from './wire.ts';

/** Unix seconds; 0 stands for never. */
const end = z
  .int()
  .nonnegative()
  .optional()
  .catch(undefined)
  .transform((seconds) => (seconds ? seconds * 1000 : null));

const debugged = z.looseObject({
  data: z.looseObject({
    is_valid: z.boolean(),
    app_id: optionalId,
    type: optionalText,
    profile_id: optionalId,
    user_id: optionalId,
    expires_at: end,
    data_access_expires_at: end,
    scopes: z.array(z.string()).catch([]),
    error: z
      .looseObject({ message: optionalText, code: optionalId, subcode: optionalId })
      .optional()
      .catch(undefined),
  }),
});

export interface TokenFacts {
  valid: boolean;
  appId: string | undefined;
  /** USER, PAGE, SYSTEM_USER … */
  type: string | undefined;
  /** The page of a page's token. */
  profileId: string | undefined;
  scopes: string[];
  /** Null = never. */
  expiresAtMs: number | null;
  dataAccessExpiresAtMs: number | null;
  /** Why it isn't valid, in Meta's words. */
  reason: string | undefined;
}

/** `GET /debug_token`, asked with the app's own token. @throws ChannelError */
export async function debugToken(
  http: HttpClient,
  { base, app, token, signal }: { base: string; app: ProviderApp; token: string; signal: AbortSignal },
): Promise<TokenFacts> {
  const answer = await callGraph(http, {
    base,
    token: appToken(app),
    method: 'GET',
    path: '/debug_token',
    query: { input_token: token },
    signal,
  }).catch((error: unknown) => {
    throw withoutSecret(error, [token, app.secret]);
  });
  const read = debugged.safeParse(answer);
  if (!read.success) throw unreadable('debug_token');
  const { data } = read.data;
  return {
    valid: data.is_valid,
    appId: data.app_id,
    type: data.type,
    profileId: data.profile_id,
    scopes: data.scopes,
    expiresAtMs: data.expires_at,
    dataAccessExpiresAtMs: data.data_access_expires_at,
    reason: data.error?.message?.replaceAll(token, '…'),
  };
}

/** A refusal of `debug_token` may repeat the token it was asked about. */
function withoutSecret(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof ChannelError) || !secrets.some((secret) => error.message.includes(secret)))
    return error;
  const message = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), error.message);
  return new ChannelError(error.kind, message, {
    ...(error.providerCode === undefined ? {} : { providerCode: error.providerCode }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}
