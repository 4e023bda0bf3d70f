/** Facebook Login: the account hangs on a Page, whose token and webhook subscription it uses. */
import { ChannelError, type ConnectContext, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { unreadable } from '../meta/graph.ts';
import { connectPage, metaAppOf, type PageInbox } from '../meta/page.ts';
import { callInstagram, type InstagramInbox } from './call.ts';
import type { InstagramCredentials } from './definition.ts';
import { pageMe } from './wire.ts';

/** The same inbox as an inbox of its Page. */
export function pageInboxOf(inbox: InstagramInbox, pageId: string): PageInbox {
  return { ...inbox, credentials: { pageId, pageAccessToken: inbox.credentials.accessToken } };
}

/** What a token must allow, by what the inbox does. */
export function scopesOf(type: InstagramInbox['type']): { inbound: string[]; outbound: string[] } {
  const shared = ['instagram_basic', 'pages_manage_metadata'];
  const own = type === 'instagram_dm' ? 'instagram_manage_messages' : 'instagram_manage_comments';
  return { inbound: [...shared, own], outbound: [own] };
}

/** Finds the token's Page and checks that the account is linked to it, then subscribes the Page. @throws ChannelError */
export async function connectThroughPage(
  http: HttpClient,
  inbox: InstagramInbox,
  signal: AbortSignal,
  context: ConnectContext,
): Promise<Connected<InstagramCredentials>> {
  metaAppOf(inbox);
  const query = { fields: 'id,name,instagram_business_account{id,username}' };
  const asked = callInstagram(http, inbox, { method: 'GET', path: '/me', query, signal });
  const read = pageMe.safeParse(await asked.catch(explainUserToken));
  if (!read.success) throw unreadable('GET /me');
  const { id: pageId, name = pageId, instagram_business_account: account } = read.data;
  const { instagramUserId: given } = inbox.credentials;
  if (account?.id !== given)
    throw new ChannelError(
      'permanent',
      account
        ? `The Page ${name} is linked to the Instagram account ${account.id}, not to ${given}. Nothing was connected.`
        : `The Page ${name} is linked to no Instagram professional account that this token may see. Nothing was connected.`,
    );
  const page = await connectPage(http, pageInboxOf(inbox, pageId), {
    scopes: scopesOf(inbox.type).inbound,
    signal,
    context,
  });
  const { username } = account;
  return {
    accountKey: given,
    accountLabel: username ? `@${username}` : given,
    credentials: { ...inbox.credentials, pageId, ...(username === undefined ? {} : { username }) },
    ...(page.subscription === undefined ? {} : { subscription: page.subscription }),
    warnings: page.warnings,
  };
}

/** A person has no such field: the token is the login's, not the Page's. */
function explainUserToken(error: unknown): never {
  if (error instanceof ChannelError && error.providerCode?.startsWith('100'))
    throw new ChannelError(
      'permanent',
      `${error.message} The token must be the Page's own, not the person's: /me/accounts lists it as access_token.`,
      { providerCode: error.providerCode, cause: error },
    );
  throw error;
}
