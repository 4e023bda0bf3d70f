import { ChannelError, type ConnectContext, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { instagramFields, union } from '../meta/fields.ts';
import { unreadable } from '../meta/graph.ts';
import { disconnectPage } from '../meta/page.ts';
import { callInstagram, subscriptionOf, type InstagramInbox } from './call.ts';
import type { InstagramCredentials } from './definition.ts';
import { connectThroughPage, pageInboxOf } from './page-login.ts';
import { latestExpiry } from './token.ts';
import { instagramMe } from './wire.ts';

/**
 * Asks whose token it is and subscribes the account to what this inbox and its siblings need: each call replaces the whole list.
 * @throws ChannelError
 */
export async function connectInstagram(
  http: HttpClient,
  inbox: InstagramInbox,
  signal: AbortSignal,
  context: ConnectContext,
): Promise<Connected<InstagramCredentials>> {
  if (inbox.credentials.login === 'facebook') return await connectThroughPage(http, inbox, signal, context);
  const {
    id: scopedId,
    user_id: userId,
    username,
    account_type: accountType,
  } = await askMe(http, inbox, signal);
  const { instagramUserId: given, tokenExpiresAt } = inbox.credentials;
  if (given !== userId && given !== scopedId)
    throw new ChannelError(
      'permanent',
      `The token belongs to the account ${userId}${username ? ` (@${username})` : ''}, not to ${given}. Nothing was connected.`,
    );
  const credentials: InstagramCredentials = {
    ...inbox.credentials,
    instagramUserId: userId,
    ...(scopedId === undefined ? {} : { scopedId }),
    ...(username === undefined ? {} : { username }),
    tokenExpiresAt: tokenExpiresAt ?? latestExpiry(Date.now()),
  };
  const subscription = subscriptionOf(credentials);
  const fields = union([inbox.type, ...(await context.siblings(subscription))], instagramFields);
  await subscribe(http, { ...inbox, credentials }, fields, signal);
  return {
    accountKey: userId,
    accountLabel: username ? `@${username}` : userId,
    credentials,
    subscription,
    warnings: warningsOf(inbox, accountType),
  };
}

/** @throws ChannelError */
export async function askMe(
  http: HttpClient,
  inbox: InstagramInbox,
  signal: AbortSignal,
): Promise<{
  id?: string | undefined;
  user_id: string;
  username?: string | undefined;
  account_type?: string | undefined;
}> {
  const query = { fields: 'id,user_id,username,name,account_type' };
  const read = instagramMe.safeParse(
    await callInstagram(http, inbox, { method: 'GET', path: '/me', query, signal }),
  );
  if (!read.success || read.data.user_id === undefined) throw unreadable('GET /me');
  return { ...read.data, user_id: read.data.user_id };
}

function warningsOf({ apps }: InstagramInbox, accountType: string | undefined): string[] {
  return [
    ...(apps.instagram
      ? []
      : [
          'No messages arrive yet: this installation has no Instagram app, so it can’t check who signs them. Its operator enters the Instagram app’s id and secret.',
        ]),
    ...(accountType?.toUpperCase() === 'PERSONAL'
      ? ['This is a personal account; Instagram tells apps of professional accounts only.']
      : []),
  ];
}

async function subscribe(
  http: HttpClient,
  inbox: InstagramInbox,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const path = `/${inbox.credentials.instagramUserId}/subscribed_apps`;
  await callInstagram(http, inbox, {
    method: 'POST',
    path,
    form: { subscribed_fields: fields.join(',') },
    signal,
  });
}

/** Leaves the account subscribed to what its other inbox needs, or to nothing. A token that is gone has nothing to undo. @throws ChannelError */
export async function disconnectInstagram(
  http: HttpClient,
  inbox: InstagramInbox,
  signal: AbortSignal,
  context: ConnectContext,
): Promise<void> {
  const { login, pageId, instagramUserId } = inbox.credentials;
  if (login === 'facebook') {
    // Without a page it was never connected.
    if (pageId !== undefined) await disconnectPage(http, pageInboxOf(inbox, pageId), signal, context);
    return;
  }
  const remainder = union(await context.siblings(subscriptionOf(inbox.credentials)), instagramFields);
  try {
    if (remainder.length > 0) await subscribe(http, inbox, remainder, signal);
    else
      await callInstagram(http, inbox, {
        method: 'DELETE',
        path: `/${instagramUserId}/subscribed_apps`,
        signal,
      });
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'reauthorize') return;
    throw error;
  }
}
