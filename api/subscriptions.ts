/** What an adapter may ask about the rest of the deployment while it connects or disconnects. */
import type { ConnectContext } from '#channels/contract.ts';
import { isChannelType } from '#channels/definitions.ts';
import { poolOf } from '#db/client.ts';
import { lockSubscription, siblingTypes } from '#db/subscriptions.ts';
import type { ApiDeps } from './deps.ts';

/** From the first question until `release` nobody else changes what hangs on the subscription. `release` is idempotent. */
export interface SubscriptionContext extends ConnectContext {
  release: () => Promise<void>;
}

export function subscriptionContext(
  deps: Pick<ApiDeps, 'engineDb'>,
  inbox: { id: string; sandbox: boolean },
): SubscriptionContext {
  const pool = poolOf(deps.engineDb);
  const locked = new Map<string, () => Promise<void>>();
  return {
    async siblings(subscription) {
      if (!locked.has(subscription)) locked.set(subscription, await lockSubscription(pool, subscription));
      const types = await siblingTypes(pool, subscription, inbox);
      return types.filter((type) => isChannelType(type));
    },
    async release() {
      const releases = [...locked.values()];
      locked.clear();
      await Promise.all(releases.map((release) => release()));
    },
  };
}
