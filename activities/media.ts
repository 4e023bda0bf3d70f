/** Bytes: fetched from providers after the conversation shows the message, read back for sending. */
import { ApplicationFailure } from '@temporalio/activity';
import { ChannelError, type MediaBytes } from '#channels/contract.ts';
import { MAX_MEDIA_BYTES, mediaKey } from '#channels/media-store.ts';
import { claimAsking, fillGaps } from '#db/contacts.ts';
import { followUpOf, mediaFailed, mediaStored, storedMedia, type PendingMedia } from '#db/inbound-media.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import type { ActivityDeps } from './deps.ts';

/** @throws ChannelError if there are no such bytes in this workspace */
export async function readMedia(
  { pool, media }: Pick<ActivityDeps, 'pool' | 'media'>,
  workspaceId: string,
  mediaId: string,
): Promise<MediaBytes> {
  const row = await storedMedia(pool, workspaceId, mediaId);
  const bytes = row ? await media.get(row.storageKey) : null;
  if (!row || !bytes) throw new ChannelError('permanent', 'The attachment is not there (any more).');
  return { bytes, mimeType: row.mimeType, ...(row.name === null ? {} : { name: row.name }) };
}

/**
 * Acknowledges the event with its provider and fetches its media. Idempotent: what is stored is skipped. What fails for good is
 * marked so on screen; passing trouble throws, and Temporal tries again.
 */
export async function followUp(deps: ActivityDeps, eventId: string, attempt: number): Promise<void> {
  const todo = await followUpOf(deps.pool, eventId);
  const inbox = todo ? await deps.inboxes.byId(todo.inboxId) : null;
  if (!todo || !inbox) return;
  const adapter = adapterOf(deps, inbox);
  // Worth one try, at once: a button's spinner. Later it would only be refused.
  if (todo.acknowledge && adapter.acknowledge && attempt === 1) {
    await adapter.acknowledge(inbox, todo.acknowledge, AbortSignal.timeout(5_000)).catch((error: Error) => {
      deps.log.warn(
        { inboxId: inbox.id, eventId, reason: error.message },
        'The provider refused an acknowledgement.',
      );
    });
  }
  if (attempt === 1) await askForContact(deps, inbox, eventId);
  let later: unknown;
  // One that has to wait keeps none of the others waiting.
  for (const media of todo.media)
    await fetchOne(deps, inbox, media, attempt).catch((error: unknown) => (later = error));
  deps.changed();
  if (later) throw later;
}

/** Once per contact, where messages carry no name. It is only a nicety: a refusal is logged and never tried again. */
async function askForContact(deps: ActivityDeps, inbox: CachedInbox, eventId: string): Promise<void> {
  const adapter = adapterOf(deps, inbox);
  if (!adapter.fetchContact) return;
  const contact = await claimAsking(deps.pool, eventId);
  if (!contact) return;
  try {
    const found = await adapter.fetchContact(inbox, contact.externalId, AbortSignal.timeout(10_000));
    await fillGaps(deps.pool, contact.id, found);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    deps.log.warn(
      { inboxId: inbox.id, contactId: contact.id, reason },
      'The provider told nothing about a contact.',
    );
  }
}

/** First with the short pauses of the workflow's retry policy, then every five minutes for a day: a provider may be down that long. */
const quickAttempts = 6;
const laterMs = 5 * 60_000;
const mostAttempts = quickAttempts + 24 * 12;
/** What passes by itself, or once somebody has connected the account again. */
const passingKinds: readonly string[] = ['retry_after', 'not_sent', 'no_answer', 'reauthorize'];

async function fetchOne(
  deps: ActivityDeps,
  inbox: CachedInbox,
  media: PendingMedia,
  attempt: number,
): Promise<void> {
  const adapter = adapterOf(deps, inbox);
  if (!adapter.fetchMedia) {
    await mediaFailed(deps.pool, media.id, 'This channel has no attachments.');
    return;
  }
  try {
    const fetched = await adapter.fetchMedia(inbox, media.source, {
      signal: AbortSignal.timeout(60_000),
      maxBytes: MAX_MEDIA_BYTES,
    });
    const storageKey = mediaKey(media.workspace_id, media.id, Date.now());
    const stored = await deps.media.put(storageKey, fetched.bytes, fetched.mimeType);
    await mediaStored(deps.pool, media.id, { storageKey, ...stored, name: fetched.name ?? null });
  } catch (error) {
    const passing = !(error instanceof ChannelError) || passingKinds.includes(error.kind);
    const wanted = error instanceof ChannelError ? error.retryAfterMs : undefined;
    const pauseMs = wanted ?? (attempt >= quickAttempts ? laterMs : undefined);
    const message = error instanceof Error ? error.message : String(error);
    if (!passing || attempt >= mostAttempts) {
      await mediaFailed(deps.pool, media.id, message);
      return;
    }
    throw ApplicationFailure.create({
      type: 'media_not_fetched',
      message,
      ...(pauseMs === undefined ? {} : { nextRetryDelay: pauseMs }),
    });
  }
}

/** @throws Error where the channel was taken out of this build */
export function adapterOf(deps: Pick<ActivityDeps, 'registry'>, inbox: Pick<CachedInbox, 'type'>) {
  const adapter = Object.entries(deps.registry).find(([type]) => type === inbox.type)?.[1];
  if (!adapter) throw new Error(`There is no adapter for ${inbox.type}.`);
  return adapter;
}
