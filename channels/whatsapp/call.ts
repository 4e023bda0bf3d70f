import { ChannelError, type AdapterInbox } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callGraph, type GraphCall } from '../meta/graph.ts';
import { whatsappKindOf } from './codes.ts';
import type { WhatsappCredentials } from './definition.ts';

export type WhatsappInbox = AdapterInbox<WhatsappCredentials>;
export type WhatsappCall = Pick<GraphCall, 'method' | 'path' | 'query' | 'json' | 'form' | 'signal'>;

/** A call with the inbox's own token. @throws ChannelError */
export async function callWhatsapp(
  http: HttpClient,
  inbox: WhatsappInbox,
  call: WhatsappCall,
): Promise<unknown> {
  return await callGraph(http, {
    ...call,
    base: inbox.urls['graph'] ?? '',
    token: inbox.credentials.accessToken,
    app: inbox.apps.meta,
    kindOf: whatsappKindOf,
  });
}

/** One try of several, where the failure of one is worth knowing and no reason to stop. */
export async function tried<T>(asking: Promise<T>): Promise<{ answer: T } | { error: ChannelError }> {
  try {
    return { answer: await asking };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { error };
  }
}
