/**
 * The one route table: router, navigation, command palette, screenshots and tests read it. Pure, so that Node can import it.
 * Adding a page is a line here and a line in `pages.ts`; tsc fails where one is forgotten.
 */
import type { Permission } from '#domain/roles.ts';

export type IconName =
  | 'ring'
  | 'conversations'
  | 'studio'
  | 'runs'
  | 'customers'
  | 'settings'
  | 'members'
  | 'teams'
  | 'labels'
  | 'key'
  | 'audit'
  | 'profile'
  | 'sign-in'
  | 'invitation'
  | 'sandbox';

/** Real ids of a seeded workspace, for pages that show one thing; what a workspace lacks is absent and the page is skipped. */
export interface SampleIds {
  conversationId?: string;
  flowId?: string;
  runId?: string;
  customerId?: string;
  inboxId?: string;
  inboxType?: string;
  invitationToken?: string;
  /** A conversation that is a call. */
  callConversationId?: string;
}

interface RouteDefinition {
  /** Below `/w/<slug>` unless `isPublic`. `:name` segments are parameters. */
  path: string;
  title: string;
  icon: IconName;
  permission: Permission | null;
  isPublic?: true;
  /** Only where the doubles of the providers are on. */
  needsSandbox?: true;
  /** The navigation entry this page belongs to. */
  area?: Area;
  /** For screenshots: what fills the parameters, and what follows the `#`. An absent value skips the page. */
  sampleParams?: (sample: SampleIds) => Partial<Record<string, string>>;
  sampleHash?: (sample: SampleIds) => string | undefined;
}
export type Area = 'ring' | 'conversations' | 'studio' | 'runs' | 'customers' | 'settings';

const define = <T extends Record<string, RouteDefinition>>(table: { [K in keyof T]: T[K] }): T => table;

export const ROUTES = define({
  signIn: { path: '/sign-in', title: 'Sign in', icon: 'sign-in', permission: null, isPublic: true },
  invitation: {
    // The token is the fragment, so that it is never in a server's log.
    path: '/invite',
    title: 'Accept invitation',
    icon: 'invitation',
    permission: null,
    isPublic: true,
    sampleHash: (sample) => sample.invitationToken,
  },
  ring: { path: '/ring', title: 'My Ring', icon: 'ring', permission: 'inboxes:read', area: 'ring' },
  ringChannel: {
    path: '/ring/:type',
    title: 'Channel',
    icon: 'ring',
    permission: 'inboxes:read',
    area: 'ring',
    sampleParams: (sample) => ({ type: sample.inboxType }),
  },
  ringAdd: {
    path: '/ring/:type/add',
    title: 'Add channel',
    icon: 'ring',
    permission: 'inboxes:write',
    area: 'ring',
    sampleParams: () => ({ type: 'telegram' }),
  },
  ringInbox: {
    path: '/ring/:type/:inboxId/:tab',
    title: 'Inbox',
    icon: 'ring',
    permission: 'inboxes:read',
    area: 'ring',
    sampleParams: (sample) => ({ type: sample.inboxType, inboxId: sample.inboxId, tab: 'setup' }),
  },
  sandbox: {
    path: '/sandbox',
    title: 'Sandbox',
    icon: 'sandbox',
    permission: 'inboxes:write',
    needsSandbox: true,
    area: 'ring',
  },
  conversations: {
    path: '/conversations',
    title: 'Conversations',
    icon: 'conversations',
    permission: 'conversations:read',
    area: 'conversations',
  },
  conversation: {
    path: '/conversations/:conversationId',
    title: 'Conversation',
    icon: 'conversations',
    permission: 'conversations:read',
    area: 'conversations',
    sampleParams: (sample) => ({ conversationId: sample.conversationId }),
  },
  studio: { path: '/studio', title: 'Studio', icon: 'studio', permission: 'flows:read', area: 'studio' },
  flow: {
    path: '/studio/:flowId',
    title: 'Flow',
    icon: 'studio',
    permission: 'flows:read',
    area: 'studio',
    sampleParams: (sample) => ({ flowId: sample.flowId }),
  },
  runs: { path: '/runs', title: 'Runs', icon: 'runs', permission: 'runs:read', area: 'runs' },
  run: {
    path: '/runs/:runId',
    title: 'Run',
    icon: 'runs',
    permission: 'runs:read',
    area: 'runs',
    sampleParams: (sample) => ({ runId: sample.runId }),
  },
  customers: {
    path: '/customers',
    title: 'Customers',
    icon: 'customers',
    permission: 'customers:read',
    area: 'customers',
  },
  customer: {
    path: '/customers/:customerId',
    title: 'Customer',
    icon: 'customers',
    permission: 'customers:read',
    area: 'customers',
    sampleParams: (sample) => ({ customerId: sample.customerId }),
  },
  settings: { path: '/settings', title: 'Profile', icon: 'profile', permission: null, area: 'settings' },
  members: {
    path: '/settings/members',
    title: 'Members',
    icon: 'members',
    permission: 'members:read',
    area: 'settings',
  },
  teams: {
    path: '/settings/teams',
    title: 'Teams',
    icon: 'teams',
    permission: 'members:read',
    area: 'settings',
  },
  labels: {
    path: '/settings/labels',
    title: 'Labels',
    icon: 'labels',
    permission: 'conversations:read',
    area: 'settings',
  },
  apiKeys: {
    path: '/settings/api-keys',
    title: 'API keys',
    icon: 'key',
    permission: 'settings:write',
    area: 'settings',
  },
  audit: {
    path: '/settings/audit',
    title: 'Audit log',
    icon: 'audit',
    permission: 'audit:read',
    area: 'settings',
  },
});

export type RouteName = keyof typeof ROUTES;
export const ROUTE_NAMES = Object.keys(ROUTES) as RouteName[];

/** What the rail shows, in order. */
export const NAVIGATION: readonly { area: Area & IconName; route: RouteName; title: string }[] = [
  { area: 'ring', route: 'ring', title: 'My Ring' },
  { area: 'conversations', route: 'conversations', title: 'Conversations' },
  { area: 'studio', route: 'studio', title: 'Studio' },
  { area: 'runs', route: 'runs', title: 'Runs' },
  { area: 'customers', route: 'customers', title: 'Customers' },
  { area: 'settings', route: 'settings', title: 'Settings' },
];
export const SETTINGS_PAGES: readonly RouteName[] = [
  'settings',
  'members',
  'teams',
  'labels',
  'apiKeys',
  'audit',
];

type ParamNames<Path extends string> = Path extends `${string}:${infer Param}/${infer Rest}`
  ? Param | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Param}`
    ? Param
    : never;
export type Params<Name extends RouteName> = { [P in ParamNames<(typeof ROUTES)[Name]['path']>]: string };
export type Query = Record<string, string | null | undefined>;

/** Whether a page can be opened without knowing an id: these are what the palette lists. */
export const isStandalone = (name: RouteName): boolean => !ROUTES[name].path.includes(':');

export function routeOf(name: RouteName): RouteDefinition {
  return ROUTES[name];
}

/** `slug` is ignored for public pages. Empty query values are left out, so that a default has one URL. */
export function hrefOf<Name extends RouteName>(
  slug: string,
  name: Name,
  params: Params<Name>,
  query: Query = {},
): string {
  return hrefOfAny(slug, name, params, query);
}

/** For names that are only known at run time; the caller has the parameters that the path names. */
export function hrefOfAny(
  slug: string,
  name: RouteName,
  params: Readonly<Record<string, string>>,
  query: Query = {},
): string {
  const route = routeOf(name);
  const path = route.path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
  return `${route.isPublic ? '' : `/w/${encodeURIComponent(slug)}`}${path}${searchOf(query)}`;
}

export function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) search.set(key, value);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

export interface Match {
  name: RouteName;
  slug: string | null;
  params: Record<string, string>;
}

/** The page a path names, or null. No two pages can claim the same path (tested), so their order doesn't matter. */
export function matchPath(pathname: string): Match | null {
  const inWorkspace = /^\/w\/([^/]+)(\/.*)?$/.exec(pathname);
  const slug = inWorkspace?.[1] === undefined ? null : decode(inWorkspace[1]);
  const rest = segments(inWorkspace ? (inWorkspace[2] ?? '/') : pathname);
  for (const name of ROUTE_NAMES) {
    const route = routeOf(name);
    if (Boolean(route.isPublic) === Boolean(inWorkspace)) continue;
    const params = matchSegments(segments(route.path), rest);
    if (params) return { name, slug, params };
  }
  return null;
}

/** The page of a workspace that a path without one means: `/sandbox`, `/runs`. Only pages that need nothing else to be found. */
export function pageWithoutWorkspace(pathname: string): RouteName | null {
  const match = pathname.startsWith('/w/') ? null : matchPath(`/w/any${pathname}`);
  return match && Object.keys(match.params).length === 0 ? match.name : null;
}

/** Whether this leads to a page of ours: never to another host. */
export const isOwnPath = (path: string): boolean => /^\/(?![/\\])/.test(path);

const segments = (path: string): string[] => path.split('/').filter((part) => part !== '');

function matchSegments(pattern: string[], path: string[]): Record<string, string> | null {
  if (pattern.length !== path.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const value = path[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decode(value);
    else if (part !== value) return null;
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
