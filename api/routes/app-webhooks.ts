/**
 * A provider's one webhook for all its accounts: signature → slices, one per account and type → all accepted → 200. What belongs to no
 * connected account waits as unrouted. A failure in the middle answers 5xx; the redelivery finds what was stored by its event ids.
 */
import type { Context } from 'hono';
import type { AppWebhook, RawRequest, WebhookSlice } from '#channels/contract.ts';
import { isChannelType } from '#channels/definitions.ts';
import { poolOf } from '#db/client.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { inboxIdsOn } from '#db/subscriptions.ts';
import { keepUnrouted, type Unrouted } from '#db/unrouted.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { everyApp } from '../provider-apps.ts';
import { routeUnrouted } from '../unrouted.ts';

export async function receiveForApp(
  deps: ApiDeps,
  c: Context<AppEnv>,
  webhook: AppWebhook,
  request: RawRequest,
): Promise<Response> {
  const verdict = webhook.verify(everyApp(deps), request);
  if (verdict.kind === 'reject') throw new ApiError(verdict.status, verdict.code, verdict.message);
  if (verdict.kind === 'respond') {
    return c.body(verdict.body, verdict.status as 200, {
      'content-type': verdict.contentType ?? 'text/plain',
    });
  }
  const slices = webhook.split(request);
  if ('kind' in slices) throw new ApiError(400, 'malformed', slices.message);
  await acceptSlices(deps, request, slices, verdict.app.sandbox);
  return c.json({}, 200);
}

/** Different inboxes at once; one inbox's slices one after another, for their order is the order of its messages. */
async function acceptSlices(
  deps: ApiDeps,
  request: RawRequest,
  slices: readonly WebhookSlice[],
  sandbox: boolean,
): Promise<void> {
  const homeless: WebhookSlice[] = [];
  const byInbox = new Map<string, { inbox: CachedInbox; slices: WebhookSlice[] }>();
  for (const slice of slices) {
    const inboxes = await inboxesOf(deps, slice.to, sandbox);
    if (inboxes.length === 0) homeless.push(slice);
    for (const inbox of inboxes) {
      const known = byInbox.get(inbox.id) ?? { inbox, slices: [] };
      known.slices.push(slice);
      byInbox.set(inbox.id, known);
    }
  }
  const endings = await Promise.allSettled([
    ...[...byInbox.values()].map(async ({ inbox, slices: own }) => {
      for (const slice of own) await acceptSlice(deps, request, inbox, slice);
    }),
    keepHomeless(deps, homeless, sandbox),
  ]);
  const failed = endings.find((ending) => ending.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Connected inboxes only, and only those of the side that signed: the sandbox's app never speaks for a real inbox. */
async function inboxesOf(deps: ApiDeps, to: WebhookSlice['to'], sandbox: boolean): Promise<CachedInbox[]> {
  const found =
    'accountKey' in to
      ? [await deps.inboxes.byAccount(to.type, to.accountKey)]
      : await Promise.all(
          (await inboxIdsOn(poolOf(deps.engineDb), to.type, to.subscription)).map((id) =>
            deps.inboxes.byId(id),
          ),
        );
  return found.filter(
    (inbox): inbox is CachedInbox => inbox !== null && !inbox.deletedAt && inbox.sandbox === sandbox,
  );
}

async function acceptSlice(
  deps: ApiDeps,
  request: RawRequest,
  inbox: CachedInbox,
  slice: WebhookSlice,
): Promise<void> {
  const { type } = inbox;
  if (!isChannelType(type)) return;
  const events = await deps.registry[type].parse(inbox, { ...request, body: slice.body });
  if ('kind' in events) {
    deps.log.warn(
      { inboxId: inbox.id, reason: events.message },
      'A signed delivery could not be read; it is kept.',
    );
    await keepUnrouted(poolOf(deps.engineDb), [unroutedOf(slice, inbox.sandbox)], {
      message: events.message,
    });
    return;
  }
  const accepted = await acceptEvents(deps.engineDb, { type, inbox, events, raw: slice.body });
  deps.engine.eventsAccepted(accepted.filter(({ starts }) => starts));
}

async function keepHomeless(deps: ApiDeps, slices: readonly WebhookSlice[], sandbox: boolean): Promise<void> {
  await keepUnrouted(
    poolOf(deps.engineDb),
    slices.map((slice) => unroutedOf(slice, sandbox)),
  );
  // Connected since we looked: whoever connected it may have looked before we stored.
  for (const slice of slices)
    for (const inbox of await inboxesOf(deps, slice.to, sandbox)) await routeUnrouted(deps, inbox);
}

function unroutedOf({ to, body }: WebhookSlice, sandbox: boolean): Unrouted {
  return { type: to.type, address: 'accountKey' in to ? to.accountKey : to.subscription, sandbox, raw: body };
}
