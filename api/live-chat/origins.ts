/** Which web pages may talk to a Live Chat inbox: our own frame, and the websites its admin allowed. */
import type { JsonObject } from '#domain/json.ts';
import { originAllowed } from '#channels/live_chat/definition.ts';
import { trustedOrigins } from '../auth/origins.ts';
import type { Config } from '../config.ts';

export interface OriginFacts {
  /** The request's Origin header; browsers set it on every request that changes something or crosses origins. */
  origin: string | undefined;
  /** The request's Sec-Fetch-Site header; no page can forge it. */
  site: string | undefined;
}

/** The websites that may embed, as the admin entered them. */
export function allowedOrigins(inbox: { credentials: JsonObject }): string[] {
  const { allowedOrigins } = inbox.credentials;
  return Array.isArray(allowedOrigins) ? allowedOrigins.filter((origin) => typeof origin === 'string') : [];
}

/** Whether our own pages or an allowed website made this request. One without an origin is no other page's. */
export function mayCall(
  config: Pick<Config, 'publicUrl'>,
  inbox: { credentials: JsonObject },
  { origin, site }: OriginFacts,
): boolean {
  if (site === 'same-origin') return true;
  if (origin === undefined) return site === undefined || site === 'none';
  return trustedOrigins(config.publicUrl).includes(origin) || originAllowed(allowedOrigins(inbox), origin);
}
