/** A number and its account, as Meta describes them. */
import type { z } from 'zod';
import type { HttpClient } from '../http.ts';
import { appSubscriptionOf, type AppSubscription } from '../meta/app-subscription.ts';
import { unreadable } from '../meta/graph.ts';
import { metaAppOf } from '../meta/page.ts';
import * as answers from './answers.ts';
import { callWhatsapp, tried, type WhatsappInbox } from './call.ts';

export type PhoneNumber = z.infer<typeof answers.phoneNumber>;
const FIELDS = 'id,display_phone_number,verified_name,quality_rating,code_verification_status,platform_type';

/** @throws ChannelError */
export async function phoneNumberOf(
  http: HttpClient,
  inbox: WhatsappInbox,
  signal: AbortSignal,
): Promise<PhoneNumber> {
  const path = `/${inbox.credentials.phoneNumberId}`;
  const read = answers.phoneNumber.safeParse(
    await callWhatsapp(http, inbox, { method: 'GET', path, query: { fields: FIELDS }, signal }),
  );
  if (!read.success) throw unreadable('the phone number');
  return read.data;
}

/** What only some versions and accounts tell; what Meta doesn't know is left out. @throws ChannelError where the token is refused */
export async function detailsOf(
  http: HttpClient,
  inbox: WhatsappInbox,
  signal: AbortSignal,
): Promise<{
  details: Partial<Record<(typeof answers.NUMBER_DETAILS)[number], string | undefined>>;
  health: z.infer<typeof answers.healthStatus>['health_status'] | null;
}> {
  const path = `/${inbox.credentials.phoneNumberId}`;
  const ask = async (fields: string): Promise<unknown> => {
    const asked = await tried(callWhatsapp(http, inbox, { method: 'GET', path, query: { fields }, signal }));
    if ('answer' in asked) return asked.answer;
    if (asked.error.kind === 'reauthorize') throw asked.error;
    return undefined;
  };
  const [health, ...each] = await Promise.all([ask('health_status'), ...answers.NUMBER_DETAILS.map(ask)]);
  const found = each.flatMap((answer) => {
    const read = answers.details.safeParse(answer);
    return read.success ? [read.data] : [];
  });
  const read = answers.healthStatus.safeParse(health);
  const details = Object.fromEntries(
    answers.NUMBER_DETAILS.map((field) => [field, found.find((one) => one[field] !== undefined)?.[field]]),
  );
  return { details, health: read.success ? read.data.health_status : null };
}

const MAX_PAGES = 20;

/** Whether the account has this number: a mix-up of ids would subscribe one account and send from another. @throws ChannelError */
export async function belongsToAccount(
  http: HttpClient,
  inbox: WhatsappInbox,
  signal: AbortSignal,
): Promise<boolean> {
  const { wabaId, phoneNumberId } = inbox.credentials;
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = { fields: 'id', limit: '100', ...(after === undefined ? {} : { after }) };
    const path = `/${wabaId}/phone_numbers`;
    const read = answers.numbers.safeParse(
      await callWhatsapp(http, inbox, { method: 'GET', path, query, signal }),
    );
    if (!read.success) throw unreadable('the account’s phone numbers');
    if (read.data.data.some(({ id }) => id === phoneNumberId)) return true;
    after = read.data.paging?.next ? read.data.paging.cursors?.after : undefined;
    if (after === undefined) return false;
  }
  return false;
}

/** Whether the account's events go to our app at all. @throws ChannelError */
export async function isSubscribed(
  http: HttpClient,
  inbox: WhatsappInbox,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/${inbox.credentials.wabaId}/subscribed_apps`;
  const read = answers.subscribedApps.safeParse(
    await callWhatsapp(http, inbox, { method: 'GET', path, signal }),
  );
  if (!read.success) throw unreadable('the account’s subscriptions');
  const ours = metaAppOf(inbox).id;
  return read.data.data.some((app) => (app.whatsapp_business_api_data?.id ?? app.id) === ours);
}

/** Where the app's own webhook for WhatsApp points; undefined where Meta doesn't say. */
export const appWebhookOf = (
  http: HttpClient,
  inbox: WhatsappInbox,
  signal: AbortSignal,
): Promise<AppSubscription | undefined> =>
  appSubscriptionOf(http, inbox, 'whatsapp_business_account', signal);

/** Fields we read, of the app's webhook. Without the first nothing arrives; the others are told as missing. */
export const WEBHOOK_FIELDS = [
  'messages',
  'user_id_update',
  'smb_message_echoes',
  'account_update',
  'phone_number_quality_update',
  'phone_number_name_update',
  'message_template_status_update',
] as const;

/** What is wrong with the app's webhook, and who mends it; null where nothing is, or nothing is known. */
export function webhookTrouble(
  webhook: AppSubscription | undefined,
  webhookUrl: string,
): { state: 'failing' | 'degraded'; reason: string } | null {
  if (!webhook) return null;
  const mend = `Its owner sets ${webhookUrl} for “WhatsApp Business Account” in the app’s dashboard.`;
  if (webhook.url === null)
    return { state: 'failing', reason: `The Meta app has no webhook for WhatsApp. ${mend}` };
  if (webhook.url !== webhookUrl)
    return { state: 'failing', reason: `The Meta app’s webhook for WhatsApp points elsewhere. ${mend}` };
  if (!webhook.active)
    return { state: 'failing', reason: 'Meta has switched the app’s webhook for WhatsApp off.' };
  if (webhook.fields.length === 0) return null;
  const missing = WEBHOOK_FIELDS.filter((field) => !webhook.fields.includes(field));
  if (missing.length === 0) return null;
  return {
    state: missing.includes('messages') ? 'failing' : 'degraded',
    reason: `The Meta app’s webhook for WhatsApp doesn’t tell us ${missing.join(', ')}. Its owner adds these fields in the app’s dashboard.`,
  };
}
