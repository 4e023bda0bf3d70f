/** Calls in the name of one account, by whichever login it was connected. */
import type { AdapterInbox } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callGraph, unreadable, type GraphCall } from '../meta/graph.ts';
import type { InstagramCredentials } from './definition.ts';
import { sentComment, sentMessage } from './wire.ts';

export type InstagramInbox = AdapterInbox<InstagramCredentials>;

type Call = Omit<GraphCall, 'base' | 'token' | 'app'>;

/**
 * One call of graph.instagram.com or graph.facebook.com. Only the latter is given a proof of the app's secret: for tokens of
 * Instagram Login none is documented. @throws ChannelError
 */
export async function callInstagram(http: HttpClient, inbox: InstagramInbox, call: Call): Promise<unknown> {
  const { login, accessToken: token } = inbox.credentials;
  return await callGraph(
    http,
    login === 'instagram'
      ? { ...call, base: inbox.urls['instagramGraph'] ?? '', token }
      : { ...call, base: inbox.urls['graph'] ?? '', token, app: inbox.apps.meta },
  );
}

/** The node that sends and whose webhooks are chosen: the account itself, or its Page. */
export function senderNode({ credentials }: InstagramInbox): string {
  const { login, pageId, instagramUserId } = credentials;
  return login === 'facebook' ? (pageId ?? 'me') : instagramUserId;
}

/** What the account's webhook subscription hangs on. */
export function subscriptionOf({ login, pageId, instagramUserId }: InstagramCredentials): string {
  return login === 'facebook' ? `page/${pageId ?? ''}` : `instagram/${instagramUserId}`;
}

/** Whether an id of a webhook is the account itself. */
export function isOwnId({ credentials }: InstagramInbox, id: string | undefined): boolean {
  return id !== undefined && (id === credentials.instagramUserId || id === credentials.scopedId);
}

/** A direct message; its id. @throws ChannelError */
export async function postMessage(
  http: HttpClient,
  inbox: InstagramInbox,
  json: NonNullable<GraphCall['json']>,
  signal: AbortSignal,
): Promise<string> {
  const path = `/${senderNode(inbox)}/messages`;
  const read = sentMessage.safeParse(
    await callInstagram(http, inbox, { method: 'POST', path, json, signal }),
  );
  if (!read.success) throw unreadable(`POST ${path}`);
  return read.data.message_id;
}

/** A comment; its id. @throws ChannelError */
export async function postComment(
  http: HttpClient,
  inbox: InstagramInbox,
  path: string,
  json: NonNullable<GraphCall['json']>,
  signal: AbortSignal,
): Promise<string> {
  const read = sentComment.safeParse(
    await callInstagram(http, inbox, { method: 'POST', path, json, signal }),
  );
  if (!read.success) throw unreadable(`POST ${path}`);
  return read.data.id;
}
