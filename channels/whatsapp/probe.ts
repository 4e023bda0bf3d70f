import type { Json } from '#domain/json.ts';
import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { metaAppOf } from '../meta/page.ts';
import { debugToken, type TokenFacts } from '../meta/tokens.ts';
import type { WhatsappInbox } from './call.ts';
import { SCOPES } from './connect.ts';
import { appWebhookOf, detailsOf, isSubscribed, phoneNumberOf, webhookTrouble } from './number.ts';

type Health = ProbeResult['inbound'];
const SOON_MS = 7 * 24 * 3_600_000;

/** Asks Meta about token, number, account and webhook; what can't be asked is unknown, never "failing". */
export async function probeWhatsapp(
  http: HttpClient,
  inbox: WhatsappInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const app = metaAppOf(inbox);
    const base = inbox.urls['graph'] ?? '';
    const token = await debugToken(http, { base, app, token: inbox.credentials.accessToken, signal });
    const tokenTrouble = tokenHealth(token);
    if (tokenTrouble?.state === 'failing')
      return { inbound: tokenTrouble, outbound: tokenTrouble, facts: tokenFacts(token) };
    const [number, more, subscribed, webhook] = await Promise.all([
      phoneNumberOf(http, inbox, signal),
      detailsOf(http, inbox, signal),
      isSubscribed(http, inbox, signal),
      appWebhookOf(http, inbox, signal),
    ]);
    const { details, health } = more;
    return {
      inbound: worst([
        tokenTrouble,
        subscribed
          ? null
          : {
              state: 'failing',
              reason:
                'The WhatsApp Business Account tells us nothing: our app is not subscribed to it. Connect the inbox again.',
            },
        webhookTrouble(webhook, webhookUrl),
      ]),
      outbound: worst([
        tokenTrouble,
        sendingHealth(health),
        statusHealth(details.status),
        nameHealth(details.name_status),
        qualityHealth(number.quality_rating),
      ]),
      facts: {
        ...tokenFacts(token),
        phoneNumber: number.display_phone_number ?? null,
        verifiedName: number.verified_name ?? null,
        quality: number.quality_rating ?? null,
        // EXPIRED is the usual state once a number is registered.
        codeVerification: number.code_verification_status ?? null,
        platform: number.platform_type ?? null,
        status: details.status ?? null,
        nameStatus: details.name_status ?? null,
        limitTier: details.messaging_limit_tier ?? null,
        accountMode: details.account_mode ?? null,
        canSend: health?.can_send_message ?? null,
        subscribed,
        appWebhookHost: webhook?.url && URL.canParse(webhook.url) ? new URL(webhook.url).origin : null,
        appWebhookFields: webhook?.fields ?? null,
      },
    };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    const refused = error.kind === 'reauthorize' || !inbox.apps.meta;
    const health: Health = { state: refused ? 'failing' : 'unknown', reason: error.message };
    return { inbound: health, outbound: health, facts: {} };
  }
}

function tokenHealth({ valid, reason, scopes, expiresAtMs }: TokenFacts): Health | null {
  if (!valid)
    return {
      state: 'failing',
      reason: `Meta: ${reason ?? 'the access token is not valid'}. Enter a new token.`,
    };
  const missing = SCOPES.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0)
    return { state: 'failing', reason: `The token lacks ${missing.join(' and ')}. Enter one that has both.` };
  if (expiresAtMs === null || expiresAtMs - Date.now() > SOON_MS) return null;
  const day = new Date(expiresAtMs).toISOString().slice(0, 10);
  return expiresAtMs <= Date.now()
    ? { state: 'failing', reason: `The token ended on ${day}. Enter a new one.` }
    : { state: 'degraded', reason: `The token ends on ${day}. Enter a new one before.` };
}

type SendingHealth = Awaited<ReturnType<typeof detailsOf>>['health'];

/** Meta's own verdict, with the reasons it gives for number, account, business or app. */
function sendingHealth(health: SendingHealth): Health | null {
  if (!health || !['BLOCKED', 'LIMITED'].includes(health.can_send_message)) return null;
  const reasons = health.entities
    .filter(({ can_send_message: can }) => can !== 'AVAILABLE')
    .flatMap(({ entity_type: type, errors = [] }) =>
      errors.map(({ error_description: words }) => `${type ?? '?'}: ${words ?? 'no reason given'}`),
    );
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return {
    state: health.can_send_message === 'BLOCKED' ? 'failing' : 'degraded',
    reason: `Meta says of sending: ${health.can_send_message}${why}`,
  };
}

function statusHealth(status: string | undefined): Health | null {
  if (status === undefined || status === 'CONNECTED') return null;
  const dead = ['BANNED', 'RESTRICTED', 'DELETED', 'DISCONNECTED', 'UNVERIFIED', 'PENDING'].includes(status);
  return { state: dead ? 'failing' : 'degraded', reason: `Meta says of the number: ${status}.` };
}

function nameHealth(status: string | undefined): Health | null {
  return status !== undefined && ['DECLINED', 'EXPIRED', 'REJECTED'].includes(status)
    ? { state: 'degraded', reason: `Meta says of the display name: ${status}.` }
    : null;
}

function qualityHealth(rating: string | undefined): Health | null {
  return rating === 'RED' || rating === 'YELLOW'
    ? { state: 'degraded', reason: `Meta rates the number’s quality ${rating}: people block or report it.` }
    : null;
}

function tokenFacts({
  valid,
  type,
  scopes,
  expiresAtMs,
  dataAccessExpiresAtMs,
}: TokenFacts): Record<string, Json> {
  return {
    tokenValid: valid,
    tokenType: type ?? null,
    tokenExpiresAt: instant(expiresAtMs),
    dataAccessExpiresAt: instant(dataAccessExpiresAtMs),
    permissions: scopes,
  };
}

function instant(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Failing before degraded; the first of equals. */
function worst(healths: readonly (Health | null)[]): Health {
  const found = healths.filter((health) => health !== null);
  return found.find(({ state }) => state === 'failing') ?? found[0] ?? { state: 'ok' };
}
