/** A Facebook page as an account: what Messenger, page comments and Instagram through Facebook hang on. */
import { z } from 'zod';
import type { ProviderApp } from '#domain/channel.ts';
import { ChannelError, type AdapterInbox, type ConnectContext, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import type { PageCredentials } from './definition.ts';
import { union } from './fields.ts';
import { callGraph, unreadable, type GraphCall } from './graph.ts';
import { debugToken, type TokenFacts } from './tokens.ts';
import { id, optionalText } from './wire.ts';

export type PageInbox = AdapterInbox<PageCredentials>;

/** One call as the page. @throws ChannelError */
export async function callPage(
  http: HttpClient,
  inbox: PageInbox,
  call: Omit<GraphCall, 'base' | 'token' | 'app'>,
): Promise<unknown> {
  const base = inbox.urls['graph'] ?? '';
  const { pageAccessToken: token } = inbox.credentials;
  return await callGraph(http, { base, token, app: inbox.apps.meta, ...call });
}

/** The deployment's app, without which nothing can be signed, checked or subscribed. @throws ChannelError permanent */
export function metaAppOf(inbox: Pick<AdapterInbox, 'apps'>): ProviderApp {
  const app = inbox.apps.meta;
  if (!app)
    throw new ChannelError(
      'permanent',
      'This installation has no Meta app yet, so nothing was connected. Its operator enters the app’s id and secret; then connect again.',
    );
  return app;
}

export function subscriptionOf(pageId: string): string {
  return `page/${pageId}`;
}

const page = z.looseObject({ id, name: optionalText });

/** Checks the token, asks for the page's name and subscribes it to what this inbox and its siblings need. @throws ChannelError */
export async function connectPage(
  http: HttpClient,
  inbox: PageInbox,
  { scopes, signal, context }: { scopes: readonly string[]; signal: AbortSignal; context: ConnectContext },
): Promise<Connected<PageCredentials>> {
  const app = metaAppOf(inbox);
  const { pageId, pageAccessToken: token } = inbox.credentials;
  const facts = await debugToken(http, { base: inbox.urls['graph'] ?? '', app, token, signal });
  refuseWrongToken(facts, app, pageId);
  const read = page.safeParse(
    await callPage(http, inbox, { method: 'GET', path: `/${pageId}`, query: { fields: 'id,name' }, signal }),
  );
  if (!read.success) throw unreadable('the page');
  const subscription = subscriptionOf(pageId);
  await subscribe(http, inbox, union([inbox.type, ...(await context.siblings(subscription))]), signal);
  return {
    accountKey: pageId,
    accountLabel: read.data.name ?? pageId,
    credentials: { ...inbox.credentials, appId: app.id },
    subscription,
    warnings: warningsOf(facts, scopes),
  };
}

function refuseWrongToken(facts: TokenFacts, app: ProviderApp, pageId: string): void {
  if (!facts.valid)
    throw new ChannelError('reauthorize', `Meta: ${facts.reason ?? 'the access token is not valid'}`, {
      providerCode: '190',
    });
  if (facts.appId !== undefined && facts.appId !== app.id)
    throw new ChannelError(
      'permanent',
      `The token belongs to the Meta app ${facts.appId}, but this installation's app is ${app.id}, and only its own app's events reach it. Make a token with that app.`,
    );
  if (facts.profileId !== undefined && facts.profileId !== pageId)
    throw new ChannelError('permanent', `The token is for the page ${facts.profileId}, not for ${pageId}.`);
}

function warningsOf(facts: TokenFacts, scopes: readonly string[]): string[] {
  const missing = scopes.filter((scope) => !facts.scopes.includes(scope));
  return [
    ...(missing.length === 0 || facts.scopes.length === 0
      ? []
      : [
          `The token lacks ${missing.join(', ')}: some things will be refused by Meta until it is made anew with these permissions.`,
        ]),
    ...(facts.expiresAtMs === null
      ? []
      : [
          `The token ends on ${new Date(facts.expiresAtMs).toISOString().slice(0, 10)}. A page token made from a long-lived user token doesn't.`,
        ]),
  ];
}

/** Replaces the page's list of fields. @throws ChannelError */
async function subscribe(
  http: HttpClient,
  inbox: PageInbox,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await callPage(http, inbox, {
    method: 'POST',
    path: `/${inbox.credentials.pageId}/subscribed_apps`,
    form: { subscribed_fields: fields.join(',') },
    signal,
  });
}

/** Leaves the page subscribed to what its other inboxes need, or to nothing. A token that is gone has nothing to undo. @throws ChannelError */
export async function disconnectPage(
  http: HttpClient,
  inbox: PageInbox,
  signal: AbortSignal,
  context: ConnectContext,
): Promise<void> {
  const { pageId } = inbox.credentials;
  const remainder = union(await context.siblings(subscriptionOf(pageId)));
  try {
    if (remainder.length > 0) await subscribe(http, inbox, remainder, signal);
    else await callPage(http, inbox, { method: 'DELETE', path: `/${pageId}/subscribed_apps`, signal });
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'reauthorize') return;
    throw error;
  }
}
