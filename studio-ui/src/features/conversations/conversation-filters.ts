/** The list's filters: what the URL says, and what is asked of the API. Pure. */
import type { Query } from '../../lib/routes.ts';

export const FILTER_KEYS = ['status', 'inbox', 'assignee', 'label', 'priority', 'q'] as const;
export type FilterKey = (typeof FILTER_KEYS)[number];
export type Filters = Record<FilterKey, string>;

/** An absent key is the default: open conversations of anybody. `status=all` leaves the status out. */
export function filtersOf(query: URLSearchParams): Filters {
  const text = (key: FilterKey): string => query.get(key) ?? '';
  return {
    status: text('status') || 'open',
    inbox: text('inbox'),
    assignee: text('assignee'),
    label: text('label'),
    priority: text('priority'),
    q: text('q'),
  };
}

/** `me` is put in for the assignee of that name. */
export function apiQueryOf(filters: Filters, me: string | null): Query {
  return {
    status: filters.status === 'all' ? '' : filters.status,
    inboxId: filters.inbox,
    assigneeId: filters.assignee === 'me' ? me : filters.assignee,
    label: filters.label,
    priority: filters.priority,
    q: filters.q.trim(),
    limit: '50',
  };
}

export function activeFilterCount(filters: Filters): number {
  return [filters.inbox, filters.assignee, filters.label, filters.priority].filter((value) => value !== '')
    .length;
}
