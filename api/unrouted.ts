/** Events that came before their account was connected become that inbox's, as if they came now. */
import type { CachedInbox } from '#db/inbox-cache.ts';
import { isChannelType } from '#channels/definitions.ts';
import { poolOf } from '#db/client.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import {
  dropUnrouted,
  expireUnrouted,
  inboxesWithUnrouted,
  refuseUnrouted,
  unroutedOf,
} from '#db/unrouted.ts';
import type { ApiDeps } from './deps.ts';
import { webhookUrl } from './inbox-connections.ts';

type Deps = Pick<ApiDeps, 'config' | 'engineDb' | 'registry' | 'inboxes' | 'engine' | 'log'>;

const AT_ONCE = 100;

/** Idempotent: what was accepted already is known by its event id. @returns how many deliveries were routed */
export async function routeUnrouted(deps: Deps, inbox: CachedInbox): Promise<number> {
  const { type } = inbox;
  if (!isChannelType(type) || inbox.deletedAt) return 0;
  const pool = poolOf(deps.engineDb);
  const addresses = [inbox.accountKey, ...(inbox.subscription === null ? [] : [inbox.subscription])];
  let routed = 0;
  for (;;) {
    const rows = await unroutedOf(pool, { type, addresses, sandbox: inbox.sandbox }, AT_ONCE);
    for (const row of rows) {
      const events = await deps.registry[type].parse(inbox, {
        method: 'POST',
        url: webhookUrl(deps, inbox),
        headers: {},
        body: row.raw,
        receivedAtMs: row.receivedAt.getTime(),
      });
      if ('kind' in events) {
        await refuseUnrouted(pool, row.id, events.message);
        continue;
      }
      const accepted = await acceptEvents(deps.engineDb, { type, inbox, events, raw: row.raw });
      // After the commit: a crash between the two routes it again, and its events are known by then.
      await dropUnrouted(pool, [row.id]);
      deps.engine.eventsAccepted(accepted.filter(({ starts }) => starts));
      routed += 1;
    }
    if (rows.length < AT_ONCE) return routed;
  }
}

/** What a crash between connecting and routing left behind, and what nobody ever connected. For the sweeper. */
export async function tidyUnrouted(deps: Deps): Promise<void> {
  const pool = poolOf(deps.engineDb);
  for (const id of await inboxesWithUnrouted(pool)) {
    const inbox = await deps.inboxes.byId(id);
    if (inbox) await routeUnrouted(deps, inbox);
  }
  await expireUnrouted(pool);
}
