import { ChannelError, type ConnectContext, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { metaAppOf } from '../meta/page.ts';
import { debugToken, type TokenFacts } from '../meta/tokens.ts';
import { callWhatsapp, type WhatsappInbox } from './call.ts';
import type { WhatsappCredentials } from './definition.ts';
import { appWebhookOf, belongsToAccount, phoneNumberOf, webhookTrouble, type PhoneNumber } from './number.ts';

/** Without the first nothing can be sent; without the second the account can't be asked or subscribed. */
export const SCOPES = ['whatsapp_business_messaging', 'whatsapp_business_management'] as const;

export function subscriptionOf(wabaId: string): string {
  return `waba/${wabaId}`;
}

/** Checks token, number and account, then subscribes our app to the account. Nothing is changed before all checks passed. @throws ChannelError */
export async function connectWhatsapp(
  http: HttpClient,
  inbox: WhatsappInbox,
  webhookUrl: string,
  signal: AbortSignal,
  context: ConnectContext,
): Promise<Connected<WhatsappCredentials>> {
  const app = metaAppOf(inbox);
  const { accessToken, phoneNumberId, wabaId } = inbox.credentials;
  const base = inbox.urls['graph'] ?? '';
  const token = await debugToken(http, { base, app, token: accessToken, signal });
  refuseWrongToken(token, app.id);
  const number = await phoneNumberOf(http, inbox, signal);
  if (!(await belongsToAccount(http, inbox, signal)))
    throw new ChannelError(
      'permanent',
      `The number ${number.display_phone_number ?? phoneNumberId} does not belong to the WhatsApp Business Account ${wabaId}. Nothing was connected; take both ids from the same page of the WhatsApp Manager.`,
    );
  // Asked only so that nobody disconnects the account's last number meanwhile, and us with it.
  await context.siblings(subscriptionOf(wabaId));
  const path = `/${wabaId}/subscribed_apps`;
  await callWhatsapp(http, inbox, { method: 'POST', path, signal });
  const trouble = webhookTrouble(await appWebhookOf(http, inbox, signal), webhookUrl);
  const { displayPhoneNumber: _old, ...credentials } = inbox.credentials;
  const shown = number.display_phone_number;
  return {
    accountKey: phoneNumberId,
    accountLabel: labelOf(number),
    credentials: { ...credentials, ...(shown ? { displayPhoneNumber: shown.slice(0, 40) } : {}) },
    subscription: subscriptionOf(wabaId),
    warnings: [...tokenWarnings(token), ...numberWarnings(number), ...(trouble ? [trouble.reason] : [])],
  };
}

function refuseWrongToken({ valid, reason, appId, scopes }: TokenFacts, ours: string): void {
  if (!valid)
    throw new ChannelError('reauthorize', `Meta: ${reason ?? 'the access token is not valid'}`, {
      providerCode: '190',
    });
  if (appId !== undefined && appId !== ours)
    throw new ChannelError(
      'permanent',
      `The token belongs to the Meta app ${appId}, but this installation's app is ${ours}, and only its own app's events reach it. Make a token with that app.`,
    );
  const missing = SCOPES.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0)
    throw new ChannelError(
      'reauthorize',
      `The token lacks ${missing.join(' and ')}. Make it anew with both permissions; nothing was connected.`,
    );
}

function tokenWarnings({ expiresAtMs }: TokenFacts): string[] {
  if (expiresAtMs === null) return [];
  const day = new Date(expiresAtMs).toISOString().slice(0, 10);
  return [`The token ends on ${day}. A system user’s token can be made without an end.`];
}

function numberWarnings({
  platform_type: platform,
  code_verification_status: verified,
}: PhoneNumber): string[] {
  if (platform !== 'NOT_APPLICABLE') return [];
  return [
    verified === 'NOT_VERIFIED'
      ? 'The number was never registered with the Cloud API: verify and register it in the WhatsApp Manager, or nothing can be sent.'
      : 'The number is not registered with the Cloud API: register it in the WhatsApp Manager, or nothing can be sent.',
  ];
}

function labelOf({ id, verified_name: name, display_phone_number: phone }: PhoneNumber): string {
  return [name, phone].filter(Boolean).join(' · ') || id;
}

/** Our app leaves the account once its last number is disconnected. A token that is gone has nothing to undo. @throws ChannelError */
export async function disconnectWhatsapp(
  http: HttpClient,
  inbox: WhatsappInbox,
  signal: AbortSignal,
  context: ConnectContext,
): Promise<void> {
  const { wabaId } = inbox.credentials;
  if ((await context.siblings(subscriptionOf(wabaId))).length > 0) return;
  try {
    await callWhatsapp(http, inbox, { method: 'DELETE', path: `/${wabaId}/subscribed_apps`, signal });
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'reauthorize') return;
    throw error;
  }
}
