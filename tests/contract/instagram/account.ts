/** What the tests of both Instagram channels share: apps, one account by either login, and the provider's refusals. */
import type { ChannelType, ProviderApp, SendFailureKind } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import type { AdapterInbox } from '#channels/contract.ts';
import type { InstagramCredentials } from '#channels/instagram/definition.ts';
import { signMeta } from '#channels/meta/signature.ts';
import { inboxOf, post } from '../contract-case.ts';

export const instagramApp: ProviderApp = {
  provider: 'instagram',
  id: '5566778899001122',
  secret: 'the-instagram-apps-own-secret-0001',
  verifyToken: 'verify',
  sandbox: false,
};
export const metaApp: ProviderApp = {
  provider: 'meta',
  id: '1234567890123456',
  secret: 'the-meta-apps-own-secret-000000002',
  verifyToken: 'verify',
  sandbox: false,
};
export const accountId = '17841405822304914';
export const scopedId = '25025320337163410';
export const pageId = '104567890123456';
const token = 'IGAAcontract0access0token0of0the0account';

export const byInstagram: InstagramCredentials = {
  instagramUserId: accountId,
  accessToken: token,
  login: 'instagram',
  scopedId,
  username: 'blue.shop',
  tokenExpiresAt: '2027-01-10T00:00:00.000Z',
};
export const byFacebook: InstagramCredentials = {
  instagramUserId: accountId,
  accessToken: 'EAAGcontract0page0access0token0of0the0page',
  login: 'facebook',
  username: 'blue.shop',
  pageId,
};

export function instagramInbox(
  type: ChannelType & `instagram_${string}`,
  credentials: InstagramCredentials = byInstagram,
  options: { settings?: JsonObject; baseUrl?: string } = {},
): AdapterInbox<InstagramCredentials> {
  const { baseUrl = 'https://graph.invalid', settings = {} } = options;
  const apps = { instagram: instagramApp, meta: metaApp };
  return {
    ...inboxOf(type, credentials, { accountKey: accountId, apps, settings }),
    credentials,
    urls: { graph: `${baseUrl}/facebook`, instagramGraph: `${baseUrl}/instagram` },
  };
}

/** Signed by the Instagram app. */
export const signedPost = (body: Uint8Array) =>
  post(
    { 'x-hub-signature-256': signMeta(instagramApp.secret, body) },
    'https://teloring.example/webhooks/meta',
  )(body);

export function refusal(code: number, subcode?: number, more: JsonObject = {}): JsonObject {
  return {
    error: {
      message: `(#${code}) The provider's words`,
      type: 'IGApiException',
      code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      fbtrace_id: 'AbCdEfGh',
      ...more,
    },
  };
}

export const refusals: [number, JsonObject, SendFailureKind][] = [
  [400, refusal(190, 463), 'reauthorize'],
  [400, refusal(190, 460), 'reauthorize'],
  [401, refusal(190), 'reauthorize'],
  [403, refusal(10), 'reauthorize'],
  [403, refusal(200), 'reauthorize'],
  [400, refusal(10, 2_534_022), 'window_closed'],
  [400, refusal(100, 2_534_014), 'contact_unreachable'],
  [400, refusal(551, 1_545_041), 'contact_unreachable'],
  [400, refusal(4), 'retry_after'],
  [403, refusal(613), 'retry_after'],
  [400, refusal(80_002), 'retry_after'],
  [500, refusal(2, undefined, { is_transient: true }), 'retry_after'],
  [400, refusal(100, 33), 'permanent'],
  [400, refusal(368), 'permanent'],
  [429, {}, 'retry_after'],
  [500, {}, 'no_answer'],
  [502, refusal(1), 'no_answer'],
  [200, {}, 'no_answer'],
  [200, { message_id: null }, 'no_answer'],
];
