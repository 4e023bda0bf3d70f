/** Connecting a mailbox of Microsoft 365 by a refresh token, and taking it away again. */
import { ChannelError, type Connected } from '../../contract.ts';
import type { HttpClient } from '../../http.ts';
import type { MicrosoftCredentials } from '../definition.ts';
import type { MicrosoftAccounts, MicrosoftInbox } from './accounts.ts';
import { newClientState } from './client-state.ts';
import { createGraph, graphOf, type Graph } from './graph.ts';
import { refreshTokens } from './login.ts';
import { removeSubscription } from './subscription.ts';
import { me } from './wire.ts';

/**
 * Renews the access, asks who it is of, and looks whether the mailbox opens. The address may be another than the signed-in person's: a
 * shared mailbox that they may use. Where to begin is now: what was there before isn't imported.
 * @throws ChannelError
 */
export async function connectMicrosoft(
  http: HttpClient,
  inbox: MicrosoftInbox,
  signal: AbortSignal,
): Promise<Connected<MicrosoftCredentials>> {
  const { credentials, apps, urls } = inbox;
  const begunAt = new Date();
  if (!apps.microsoft)
    throw new ChannelError(
      'permanent',
      'This installation has no Microsoft app. Set MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET, and connect again.',
    );
  if (!credentials.refreshToken)
    throw new ChannelError('permanent', 'Sign in with Microsoft to connect this mailbox.');
  const login = { base: urls['microsoftLogin'] ?? '', app: apps.microsoft, signal };
  const tokens = await refreshTokens(http, login, credentials.refreshToken);
  const base = urls['microsoftGraph'] ?? '';
  const asked = { http, token: async () => tokens.accessToken, base, gate: inbox.id };
  const own = await readMe(createGraph({ ...asked, owner: '/me' }), signal);
  const shared = !own.addresses.includes(credentials.address);
  const owner = shared ? `/users/${encodeURIComponent(credentials.address)}` : '/me';
  const graph = createGraph({ ...asked, owner });
  await graph.call({ method: 'GET', path: `${owner}/mailFolders('inbox')?$select=id`, signal });
  return {
    accountKey: credentials.address,
    accountLabel: credentials.address,
    credentials: {
      kind: 'microsoft',
      address: credentials.address,
      shared,
      ...tokens,
      clientState: credentials.clientState ?? newClientState(inbox.id),
    },
    mailbox: { kind: 'microsoft', cursor: { since: begunAt.toISOString() } },
    warnings: shared
      ? [
          `${credentials.address} is read and written as a shared mailbox, by the access of ${own.addresses[0] ?? 'the signed-in account'}.`,
        ]
      : [],
  };
}

/** The addresses of whoever signed in, lower case, the main one first. @throws ChannelError */
export async function readMe(graph: Graph, signal: AbortSignal): Promise<{ addresses: string[] }> {
  const path = '/me?$select=id,mail,userPrincipalName,displayName';
  const read = me.safeParse(await graph.json({ method: 'GET', path, signal }));
  if (!read.success)
    throw new ChannelError('no_answer', 'Microsoft’s answer to who signed in could not be read.');
  const { mail, userPrincipalName } = read.data;
  const addresses = [mail, userPrincipalName].flatMap((one) => (one ? [one.toLowerCase()] : []));
  return { addresses: [...new Set(addresses)] };
}

/** Nobody is to be told of new mails any more. @throws ChannelError */
export async function disconnectMicrosoft(
  deps: { http: HttpClient; accounts: MicrosoftAccounts },
  inbox: MicrosoftInbox,
  signal: AbortSignal,
): Promise<void> {
  const known = await deps.accounts.subscription(inbox.id);
  if (known) await removeSubscription(graphOf(deps, inbox), known, signal);
}
