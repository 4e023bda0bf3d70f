/** The app's own webhook at Meta: set by the app's owner, for all its accounts at once. */
import { z } from 'zod';
import { ChannelError, type AdapterInbox } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { appToken, callGraph } from './graph.ts';
import { metaAppOf } from './page.ts';
import { optionalText } from './wire.ts';

const subscriptions = z.looseObject({
  data: z.array(
    z.looseObject({
      object: optionalText,
      callback_url: optionalText,
      active: z.boolean().optional().catch(undefined),
      fields: z
        .array(z.union([z.string(), z.looseObject({ name: z.string() }).transform(({ name }) => name)]))
        .catch([]),
    }),
  ),
});

export interface AppSubscription {
  /** Null where the app has none for this object. */
  url: string | null;
  active: boolean;
  fields: string[];
}

/** Where events of `object` go; undefined where Meta doesn't say. @throws what is no answer of Meta's */
export async function appSubscriptionOf(
  http: HttpClient,
  inbox: Pick<AdapterInbox, 'apps' | 'urls'>,
  object: 'page' | 'instagram' | 'whatsapp_business_account',
  signal: AbortSignal,
): Promise<AppSubscription | undefined> {
  const app = metaAppOf(inbox);
  const asked = callGraph(http, {
    base: inbox.urls['graph'] ?? '',
    token: appToken(app),
    method: 'GET',
    path: `/${app.id}/subscriptions`,
    signal,
  });
  const read = subscriptions.safeParse(
    await asked.catch((error: unknown) => {
      if (error instanceof ChannelError) return undefined;
      throw error;
    }),
  );
  if (!read.success) return undefined;
  const found = read.data.data.find((each) => each.object === object);
  return {
    url: found?.callback_url ?? null,
    active: found !== undefined && found.active !== false,
    fields: found?.fields ?? [],
  };
}
