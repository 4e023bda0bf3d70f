/** Meta's side for API tests: accounts connected without asking Meta, and deliveries signed by an app of the deployment. */
import type { ChannelType } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import type { ConnectContext } from '#channels/contract.ts';
import { signMeta } from '#channels/meta/signature.ts';
import type { TestApi } from './api.ts';

export const META_ENV = {
  META_APP_ID: '4711',
  META_APP_SECRET: 'meta-app-secret',
  META_VERIFY_TOKEN: 'verify-me',
  INSTAGRAM_APP_ID: '4712',
  INSTAGRAM_APP_SECRET: 'instagram-app-secret',
  TELORING_EMBEDDED: 'postgres,temporal',
  TELORING_SANDBOX: '1',
};

/** What a page or account is subscribed to after the last call, by subscription; absent = nothing. */
export type Subscriptions = Map<string, ChannelType[]>;

/** What each connected account's subscription hangs on. */
const known = new Map<string, string | undefined>();

/**
 * Connects an account through the API; only the adapter's two calls to Meta are stood in for. They do what Meta does with
 * subscriptions: each replaces the account's whole list.
 */
export async function connectAccount(
  api: TestApi,
  account: {
    type: ChannelType;
    accountKey: string;
    subscription?: string;
    credentials: JsonObject;
    sandbox?: boolean;
  },
  subscriptions: Subscriptions = new Map(),
): Promise<string> {
  const { type, accountKey, subscription, credentials, sandbox = false } = account;
  known.set(`${type} ${accountKey}`, subscription);
  const subscribe = async (
    context: ConnectContext,
    subscription: string | undefined,
    own: ChannelType[],
  ): Promise<void> => {
    if (subscription === undefined) return;
    const union = [...new Set([...(await context.siblings(subscription)), ...own])].sort();
    if (union.length === 0) subscriptions.delete(subscription);
    else subscriptions.set(subscription, union);
  };
  api.deps.registry[type] = {
    ...api.deps.registry[type],
    async connect(inbox, _url, _signal, context) {
      await subscribe(context, subscription, [type]);
      return {
        accountKey,
        accountLabel: accountKey,
        credentials: inbox.credentials,
        ...(subscription === undefined ? {} : { subscription }),
        warnings: [],
      };
    },
    disconnect: (inbox, _signal, context) =>
      subscribe(context, known.get(`${inbox.type} ${inbox.accountKey}`), []),
  };
  const answer = await api.request('/api/inboxes', {
    body: { type, name: `${type} ${accountKey}`, credentials, sandbox },
  });
  if (answer.status !== 201) throw new Error(`Create answered ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { id: string }).id;
}

export function deliverToMeta(
  api: TestApi,
  body: unknown,
  secret = META_ENV.META_APP_SECRET,
): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return api.request('/webhooks/meta', {
    as: 'nobody',
    body: text,
    headers: { 'x-hub-signature-256': signMeta(secret, text) },
  });
}

export const pageCredentials = (pageId: string): JsonObject => ({ pageId, pageAccessToken: `EAA${pageId}` });

/** A direct message to a page. */
export const pageMessage = (pageId: string, mid: string, text: string, from = '900'): JsonObject => ({
  sender: { id: from },
  recipient: { id: pageId },
  timestamp: Date.now(),
  message: { mid, text },
});
