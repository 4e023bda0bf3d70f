import type { Query } from '../../lib/routes.ts';

export const RUN_FILTER_KEYS = ['status', 'kind', 'flowId', 'inboxId', 'conversationId'] as const;
export type RunFilterKey = (typeof RUN_FILTER_KEYS)[number];

/** The URL's filters are the API's; absent means all. */
export function runQueryOf(query: URLSearchParams): Query {
  return Object.fromEntries(RUN_FILTER_KEYS.map((key) => [key, query.get(key)]));
}
