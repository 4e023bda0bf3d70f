/**
 * What Microsoft tells of mailboxes: hints only. Who calls is proved by the secret that the subscription was made with; the mailbox is
 * marked in one statement and the answer is given at once. What is new, a delta query says (api/email/microsoft-mailbox.ts).
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { inboxOfState, isClientState } from '#channels/email/microsoft/client-state.ts';
import { notifications } from '#channels/email/microsoft/wire.ts';
import { jsonOf } from '#channels/json-body.ts';
import { poolOf } from '#db/client.ts';
import { markDirty } from '#db/mailboxes.ts';
import { noteSubscriptionEvents, type SubscriptionEvent } from '#db/mail-subscriptions.ts';
import { isUuid } from '#domain/ids.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';

const MOST_TOKEN = 4_096;

export function addMicrosoftWebhook(routes: OpenAPIHono<AppEnv>, deps: ApiDeps): void {
  routes.on(['GET', 'POST'], '/webhooks/microsoft', async (c) => {
    const token = c.req.query('validationToken');
    if (token !== undefined) {
      if (token.length > MOST_TOKEN)
        throw new ApiError(400, 'malformed', 'The validation token is too long.');
      return c.body(token, 200, { 'content-type': 'text/plain; charset=utf-8' });
    }
    return await receive(deps, c);
  });
}

type Item = { clientState?: string | null | undefined };
type Claim<Given extends Item> = { inboxId: string; item: Given };

async function receive(deps: ApiDeps, c: Context<AppEnv>): Promise<Response> {
  const read = notifications.safeParse(jsonOf(new Uint8Array(await c.req.arrayBuffer())));
  if (!read.success)
    throw new ApiError(400, 'malformed', 'A notification of Microsoft is a JSON object with a list.');
  const { proved, forged, unknown } = await proof(deps, read.data.value);
  if (forged > 0)
    deps.log.warn(
      { forged, proved: proved.length },
      'Notifications came with a wrong secret; they are ignored.',
    );
  if (forged > 0 && proved.length === 0 && unknown === 0)
    throw new ApiError(
      401,
      'signature_wrong',
      'The client state is not the one of this subscription; nothing was done.',
    );
  const pool = poolOf(deps.engineDb);
  const events = proved.flatMap(({ inboxId, item }) => eventOf(inboxId, item));
  const news = proved.filter(({ item }) => !item.lifecycleEvent).map(({ inboxId }) => inboxId);
  if (news.length > 0) await markDirty(pool, [...new Set(news)]);
  await noteSubscriptionEvents(pool, events);
  for (const inboxId of new Set(events.map((event) => event.inboxId)))
    void deps.engine.keepSubscription(inboxId);
  return c.body(null, 202);
}

/** An inbox that is no more still has its subscription for a while: no forgery, and nothing to do. */
async function proof<Given extends Item>(
  deps: ApiDeps,
  items: readonly Given[],
): Promise<{ proved: Claim<Given>[]; forged: number; unknown: number }> {
  const proved: Claim<Given>[] = [];
  let forged = 0;
  let unknown = 0;
  for (const item of items) {
    const given = item.clientState ?? '';
    const id = inboxOfState(given);
    const inbox = id !== null && isUuid(id) ? await deps.inboxes.byId(id) : null;
    const expected = inbox?.credentials['clientState'];
    if (inbox?.deletedAt) unknown += 1;
    else if (inbox && isClientState(typeof expected === 'string' ? expected : undefined, given))
      proved.push({ inboxId: inbox.id, item });
    else forged += 1;
  }
  return { proved, forged, unknown };
}

const changes: Readonly<Record<string, SubscriptionEvent['change']>> = {
  reauthorizationRequired: 'reauthorize',
  subscriptionRemoved: 'removed',
  missed: 'missed',
};

function eventOf(
  inboxId: string,
  item: { subscriptionId?: string | null | undefined; lifecycleEvent?: string | null | undefined },
): SubscriptionEvent[] {
  const change = item.lifecycleEvent ? (changes[item.lifecycleEvent] ?? 'missed') : null;
  return change === null ? [] : [{ inboxId, subscriptionId: item.subscriptionId ?? '', change }];
}
