import type { Json } from '#domain/json.ts';
import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { instagramFields, pageFields } from '../meta/fields.ts';
import { probePage } from '../meta/page-probe.ts';
import { callInstagram, isOwnId, type InstagramInbox } from './call.ts';
import { askMe } from './connect.ts';
import { pageInboxOf, scopesOf } from './page-login.ts';
import { tokenState } from './token.ts';
import { subscribedApps } from './wire.ts';

type Health = ProbeResult['inbound'];

/** Asks Instagram, or Facebook about the Page; what can't be asked is unknown, never "failing". */
export async function probeInstagram(
  http: HttpClient,
  inbox: InstagramInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { login, pageId } = inbox.credentials;
  if (login === 'facebook') {
    if (pageId === undefined)
      return both({ state: 'failing', reason: 'Its Page is not known; connect the inbox again.' });
    const { inbound: inboundScopes, outbound: outboundScopes } = scopesOf(inbox.type);
    const fields = inbox.type === 'instagram_dm' ? pageFields.instagram_dm : pageFields.instagram_posts;
    const needs = { fields, inboundScopes, outboundScopes, object: 'instagram' as const };
    return await probePage(http, pageInboxOf(inbox, pageId), webhookUrl, needs, signal);
  }
  try {
    const me = await askMe(http, inbox, signal);
    if (!isOwnId(inbox, me.user_id))
      return both({ state: 'failing', reason: `The token belongs to another account now (${me.user_id}).` });
    const subscribed = await subscribedFields(http, inbox, signal);
    const token = tokenHealth(inbox, Date.now());
    const facts: Record<string, Json> = {
      username: me.username ?? null,
      accountType: me.account_type ?? null,
      subscribedFields: subscribed,
      tokenExpiresAt: inbox.credentials.tokenExpiresAt ?? null,
    };
    return {
      inbound: subscriptionHealth(inbox, subscribed) ?? token ?? { state: 'ok' },
      outbound: token ?? { state: 'ok' },
      facts,
    };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return both({ state: error.kind === 'reauthorize' ? 'failing' : 'unknown', reason: error.message });
  }
}

function both(health: Health): ProbeResult {
  return { inbound: health, outbound: health, facts: {} };
}

/** Instagram takes the token still, so what is known of its end is a warning only. */
function tokenHealth({ credentials }: InstagramInbox, nowMs: number): Health | null {
  const state = tokenState(credentials, nowMs);
  if (state.kind === 'lasting' || state.kind === 'fine') return null;
  const day = state.endsAt.slice(0, 10);
  return {
    state: 'degraded',
    reason:
      state.kind === 'ended'
        ? `The access token should have ended on ${day}; authorize the account again.`
        : `The access token ends in ${state.daysLeft} days (on ${day}) and has to be renewed before.`,
  };
}

/** What the account tells our app; null where it tells it nothing. */
async function subscribedFields(
  http: HttpClient,
  inbox: InstagramInbox,
  signal: AbortSignal,
): Promise<string[] | null> {
  const path = `/${inbox.credentials.instagramUserId}/subscribed_apps`;
  const read = subscribedApps.safeParse(await callInstagram(http, inbox, { method: 'GET', path, signal }));
  // The token is our app's, so the list holds no other.
  const [app] = read.success ? read.data.data : [];
  return app?.subscribed_fields ?? null;
}

function subscriptionHealth({ type, apps }: InstagramInbox, subscribed: string[] | null): Health | null {
  if (!apps.instagram)
    return {
      state: 'failing',
      reason: 'This installation has no Instagram app, so it takes no webhook of it.',
    };
  if (subscribed === null)
    return {
      state: 'failing',
      reason: 'The account tells us nothing: our app is not subscribed to it. Connect it again.',
    };
  const needed = type === 'instagram_dm' ? instagramFields.instagram_dm : instagramFields.instagram_posts;
  const missing = needed.filter((field) => !subscribed.includes(field));
  return missing.length === 0
    ? null
    : { state: 'degraded', reason: `The account doesn’t tell us ${missing.join(', ')}. Connect it again.` };
}
