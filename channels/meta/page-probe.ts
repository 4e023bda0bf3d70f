/** A page's health: its token, its subscription, the app's own webhook. */
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { appSubscriptionOf, type AppSubscription } from './app-subscription.ts';
import { callPage, metaAppOf, type PageInbox } from './page.ts';
import { debugToken, type TokenFacts } from './tokens.ts';
import { optionalId } from './wire.ts';

type Health = ProbeResult['inbound'];

export interface PageNeeds {
  /** Fields the page must be subscribed to. */
  fields: readonly string[];
  /** Without these permissions nothing comes in, or nothing goes out. */
  inboundScopes: readonly string[];
  outboundScopes: readonly string[];
  /** The app's webhook that tells us; absent = `page`. */
  object?: 'page' | 'instagram';
}

const SOON_MS = 7 * 24 * 3_600_000;

/** Asks Meta; what can't be asked is unknown, never "failing". */
export async function probePage(
  http: HttpClient,
  inbox: PageInbox,
  webhookUrl: string,
  needs: PageNeeds,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const app = metaAppOf(inbox);
    const base = inbox.urls['graph'] ?? '';
    const token = await debugToken(http, { base, app, token: inbox.credentials.pageAccessToken, signal });
    const tokenTrouble = healthOfToken(token);
    if (tokenTrouble?.state === 'failing')
      return { inbound: tokenTrouble, outbound: tokenTrouble, facts: factsOf(token) };
    const subscribed = await subscribedFields(http, inbox, app.id, signal);
    const callback = await appSubscriptionOf(http, inbox, needs.object ?? 'page', signal);
    const inbound = worst([
      tokenTrouble,
      scopesHealth(token, needs.inboundScopes),
      subscriptionHealth(subscribed, needs.fields),
      callbackHealth(callback, webhookUrl),
    ]);
    const outbound = worst([tokenTrouble, scopesHealth(token, needs.outboundScopes)]);
    return {
      inbound,
      outbound,
      facts: { ...factsOf(token), subscribedFields: subscribed, ...callbackFacts(callback) },
    };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    const refused = error.kind === 'reauthorize' || (error.kind === 'permanent' && !inbox.apps.meta);
    const health: Health = { state: refused ? 'failing' : 'unknown', reason: error.message };
    return { inbound: health, outbound: health, facts: {} };
  }
}

function healthOfToken({ valid, reason, expiresAtMs, dataAccessExpiresAtMs }: TokenFacts): Health | null {
  if (!valid)
    return {
      state: 'failing',
      reason: `Meta: ${reason ?? 'the access token is not valid'}. Authorize the page again.`,
    };
  const ends: [string, number | null][] = [
    ['The access token', expiresAtMs],
    ['The access to the page’s data', dataAccessExpiresAtMs],
  ];
  for (const [what, endsAtMs] of ends) {
    if (endsAtMs === null) continue;
    const day = new Date(endsAtMs).toISOString().slice(0, 10);
    if (endsAtMs <= Date.now())
      return { state: 'failing', reason: `${what} ended on ${day}. Authorize the page again.` };
    if (endsAtMs - Date.now() < SOON_MS)
      return { state: 'degraded', reason: `${what} ends on ${day}. Authorize the page again before.` };
  }
  return null;
}

function scopesHealth({ scopes }: TokenFacts, needed: readonly string[]): Health | null {
  const missing = needed.filter((scope) => !scopes.includes(scope));
  return missing.length === 0
    ? null
    : {
        state: 'failing',
        reason: `The permission ${missing.join(', ')} is missing. Authorize the page again with it.`,
      };
}

const apps = z.looseObject({
  data: z.array(z.looseObject({ id: optionalId, subscribed_fields: z.array(z.string()).catch([]) })),
});

/** What the page tells our app; null where it isn't subscribed at all. */
async function subscribedFields(
  http: HttpClient,
  inbox: PageInbox,
  appId: string,
  signal: AbortSignal,
): Promise<string[] | null> {
  const path = `/${inbox.credentials.pageId}/subscribed_apps`;
  const read = apps.safeParse(await callPage(http, inbox, { method: 'GET', path, signal }));
  if (!read.success) return null;
  return read.data.data.find((each) => each.id === appId)?.subscribed_fields ?? null;
}

function subscriptionHealth(subscribed: string[] | null, fields: readonly string[]): Health | null {
  if (subscribed === null)
    return {
      state: 'failing',
      reason: 'The page doesn’t tell us anything: our app is not subscribed to it. Connect it again.',
    };
  const missing = fields.filter((field) => !subscribed.includes(field));
  return missing.length === 0
    ? null
    : { state: 'degraded', reason: `The page doesn’t tell us ${missing.join(', ')}. Connect it again.` };
}

function callbackHealth(callback: AppSubscription | undefined, webhookUrl: string): Health | null {
  if (!callback) return null;
  if (callback.url === null)
    return {
      state: 'failing',
      reason: `The Meta app has no webhook for pages. Its owner sets ${webhookUrl} in the app's dashboard.`,
    };
  if (callback.url !== webhookUrl)
    return {
      state: 'failing',
      reason: `The Meta app's webhook for pages points elsewhere. Its owner sets ${webhookUrl} in the app's dashboard.`,
    };
  return callback.active
    ? null
    : { state: 'failing', reason: 'Meta has switched the app’s webhook for pages off.' };
}

function callbackFacts(callback: AppSubscription | undefined): Record<string, Json> {
  if (!callback) return {};
  const url = callback.url !== null && URL.canParse(callback.url) ? new URL(callback.url).origin : null;
  return { appWebhookHost: url, appWebhookActive: callback.active };
}

/** Failing before degraded; the first of equals. */
function worst(healths: readonly (Health | null)[]): Health {
  const found = healths.filter((health) => health !== null);
  return found.find(({ state }) => state === 'failing') ?? found[0] ?? { state: 'ok' };
}

function factsOf(token: TokenFacts): Record<string, Json> {
  return {
    tokenValid: token.valid,
    tokenType: token.type ?? null,
    tokenExpiresAt: timeOf(token.expiresAtMs),
    dataAccessExpiresAt: timeOf(token.dataAccessExpiresAtMs),
    permissions: token.scopes,
  };
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
