/** Our subscription to a mailbox's inbox folder: made, kept alive, made anew. Its notifications are hints only. */
import { ChannelError } from '../../contract.ts';
import type { StoredSubscription } from './accounts.ts';
import type { Graph } from './graph.ts';
import { subscription } from './wire.ts';

/** A little less than the longest that Microsoft allows for mail. */
const LIFE_MS = 10_000 * 60_000;

export interface Wanted {
  /** Where both kinds of notifications go. */
  url: string;
  clientState: string;
  signal: AbortSignal;
}

/**
 * Half of a subscription's life: when it is renewed. Ends of it that are near are met at once.
 * @returns Unix milliseconds
 */
export function renewalAtMs({ expiresAtMs }: StoredSubscription): number {
  return expiresAtMs - LIFE_MS / 2;
}

/** Renews what is there, or makes what isn't. Idempotent. @throws ChannelError */
export async function ensureSubscription(
  graph: Graph,
  known: StoredSubscription | null,
  wanted: Wanted,
): Promise<StoredSubscription> {
  const renewed = known && (await renew(graph, known, wanted.signal));
  return renewed ?? (await create(graph, wanted));
}

/** Microsoft wants to see once more that we may: answers `reauthorizationRequired`. False where it is gone. @throws ChannelError */
export async function reauthorizeSubscription(
  graph: Graph,
  { id }: StoredSubscription,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/subscriptions/${encodeURIComponent(id)}/reauthorize`;
  return (await unlessGone(graph.call({ method: 'POST', path, signal }))) !== null;
}

async function create(graph: Graph, { url, clientState, signal }: Wanted): Promise<StoredSubscription> {
  const owner = graph.owner.slice(1);
  const json = {
    changeType: 'created',
    notificationUrl: url,
    lifecycleNotificationUrl: url,
    resource: `${owner}/mailFolders('inbox')/messages`,
    expirationDateTime: new Date(Date.now() + LIFE_MS).toISOString(),
    clientState,
  };
  return stored(await graph.json({ method: 'POST', path: '/subscriptions', json, signal }));
}

async function renew(
  graph: Graph,
  { id }: StoredSubscription,
  signal: AbortSignal,
): Promise<StoredSubscription | null> {
  const path = `/subscriptions/${encodeURIComponent(id)}`;
  const json = { expirationDateTime: new Date(Date.now() + LIFE_MS).toISOString() };
  const answer = await unlessGone(graph.json({ method: 'PATCH', path, json, signal }));
  return answer === null ? null : stored(answer);
}

/** Where it points and until when; null where it is gone. @throws ChannelError */
export async function readSubscription(
  graph: Graph,
  { id }: StoredSubscription,
  signal: AbortSignal,
): Promise<(StoredSubscription & { url: string | null }) | null> {
  const path = `/subscriptions/${encodeURIComponent(id)}`;
  const answer = await unlessGone(graph.json({ method: 'GET', path, signal }));
  if (answer === null) return null;
  const read = subscription.safeParse(answer);
  return { ...stored(answer), url: (read.success && read.data.notificationUrl) || null };
}

/** Idempotent. @throws ChannelError */
export async function removeSubscription(
  graph: Graph,
  { id }: StoredSubscription,
  signal: AbortSignal,
): Promise<void> {
  await unlessGone(
    graph.call({ method: 'DELETE', path: `/subscriptions/${encodeURIComponent(id)}`, signal }),
  );
}

function stored(json: unknown): StoredSubscription {
  const read = subscription.safeParse(json);
  const expiresAtMs = read.success ? Date.parse(read.data.expirationDateTime) : Number.NaN;
  if (!read.success || Number.isNaN(expiresAtMs))
    throw new ChannelError('no_answer', 'Microsoft’s answer about the subscription could not be read.');
  return { id: read.data.id, expiresAtMs };
}

async function unlessGone<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (
      error instanceof ChannelError &&
      /^(ResourceNotFound|ExtensionError|404)$/.test(error.providerCode ?? '')
    )
      return null;
    throw error;
  }
}
