import type { Json } from '#domain/json.ts';
import { ChannelError, type ProbeResult } from '../../contract.ts';
import type { HttpClient } from '../../http.ts';
import type { MicrosoftAccounts, MicrosoftInbox, StoredSubscription } from './accounts.ts';
import { readMe } from './connect.ts';
import { graphOf, type Graph } from './graph.ts';
import { readSubscription } from './subscription.ts';

type Health = ProbeResult['inbound'];

export interface ProbeDeps {
  http: HttpClient;
  accounts: MicrosoftAccounts;
  /** Where notifications go. */
  notificationUrl: string;
}

/** The access by `/me`, the way in by the inbox folder and the subscription. */
export async function probeMicrosoft(
  deps: ProbeDeps,
  inbox: MicrosoftInbox,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const facts: Record<string, Json> = {};
  const graph = graphOf(deps, inbox);
  const outbound = await outboundHealth(graph, inbox, facts, signal);
  const known = await deps.accounts.subscription(inbox.id);
  const inbound =
    outbound.state === 'ok'
      ? await inboundHealth(deps, graph, known, facts, signal)
      : { ...outbound, state: outbound.state };
  return { outbound, inbound, facts };
}

async function outboundHealth(
  graph: Graph,
  { credentials }: MicrosoftInbox,
  facts: Record<string, Json>,
  signal: AbortSignal,
): Promise<Health> {
  const { expiresAtMs } = credentials;
  facts['accessTokenExpiresAt'] = expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString();
  try {
    const { addresses } = await readMe(graph, signal);
    facts['signedInAs'] = addresses[0] ?? null;
    await graph.call({ method: 'GET', path: `${graph.owner}/mailFolders('inbox')?$select=id`, signal });
    return { state: 'ok' };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // Not being able to ask is not an answer; only a refusal is.
    if (error.kind !== 'reauthorize') return { state: 'unknown', reason: error.message };
    return { state: 'failing', reason: `${error.message} Sign in with Microsoft again.` };
  }
}

async function inboundHealth(
  { notificationUrl }: ProbeDeps,
  graph: Graph,
  known: StoredSubscription | null,
  facts: Record<string, Json>,
  signal: AbortSignal,
): Promise<Health> {
  facts['subscription'] = known?.id ?? null;
  if (!known)
    return {
      state: 'ok',
      reason: notificationUrl.startsWith('https://')
        ? 'There is no subscription just now; new mails are looked for once a minute.'
        : 'Microsoft can’t reach this installation (PUBLIC_URL is not https), so new mails are looked for once a minute.',
    };
  try {
    const found = await readSubscription(graph, known, signal);
    facts['subscriptionExpiresAt'] = found && new Date(found.expiresAtMs).toISOString();
    // Somebody else's webhook may have a secret in its path.
    facts['notificationUrl'] =
      found?.url === notificationUrl ? notificationUrl : (found?.url && originOf(found.url)) || null;
    if (!found)
      return {
        state: 'degraded',
        reason: 'Microsoft has ended the subscription; it is made anew, and mails are looked for meanwhile.',
      };
    if (found.url !== notificationUrl)
      return {
        state: 'degraded',
        reason:
          'The subscription points to another address; it is made anew, and mails are looked for meanwhile.',
      };
    return { state: 'ok' };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { state: 'unknown', reason: error.message };
  }
}

const originOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).origin : null);
