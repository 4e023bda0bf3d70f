import { describe, expect, it } from 'vitest';
import { PERMISSIONS } from '#domain/roles.ts';
import {
  hrefOf,
  hrefOfAny,
  isOwnPath,
  isStandalone,
  matchPath,
  pageWithoutWorkspace,
  NAVIGATION,
  ROUTE_NAMES,
  routeOf,
  SETTINGS_PAGES,
  type RouteName,
} from '../../../studio-ui/src/lib/routes.ts';

const sample = {
  conversationId: 'c-1',
  flowId: 'f-1',
  runId: 'r-1',
  customerId: 'k-1',
  inboxId: 'i-1',
  inboxType: 'live_chat',
  invitationToken: 't-1',
};
const paramsOf = (name: RouteName): Record<string, string> =>
  Object.fromEntries(
    Object.entries(routeOf(name).sampleParams?.(sample) ?? {}).map(([key, value]) => [key, String(value)]),
  );

/** Whether some path would fit both patterns. */
const meet = (a: string[], b: string[]) =>
  a.length === b.length &&
  a.every((part, index) => part === b[index] || part.startsWith(':') || b[index]?.startsWith(':'));

describe('the route table', () => {
  it.each(ROUTE_NAMES)('finds %s again at its own address', (name) => {
    const params = paramsOf(name);
    const match = matchPath(hrefOfAny('acme', name, params));
    expect(match).toEqual({ name, slug: routeOf(name).isPublic ? null : 'acme', params });
  });

  it.each(ROUTE_NAMES)('has samples for every parameter of %s', (name) => {
    const wanted = [...routeOf(name).path.matchAll(/:(\w+)/g)].map((found) => found[1]);
    expect(new Set(Object.keys(paramsOf(name)))).toEqual(new Set(wanted));
    expect(isStandalone(name)).toBe(wanted.length === 0);
  });

  it('names only permissions that exist, and gives each page but public ones an area', () => {
    for (const name of ROUTE_NAMES) {
      const route = routeOf(name);
      if (route.permission !== null) expect(PERMISSIONS).toContain(route.permission);
      expect(route.area === undefined).toBe(Boolean(route.isPublic));
    }
  });

  it('leads from the navigation to pages without parameters', () => {
    for (const entry of NAVIGATION) {
      expect(isStandalone(entry.route)).toBe(true);
      expect(routeOf(entry.route).area).toBe(entry.area);
    }
    for (const name of SETTINGS_PAGES) expect(routeOf(name).area).toBe('settings');
  });

  it('lets no two pages claim the same address', () => {
    const patterns = ROUTE_NAMES.map((name) => ({ name, parts: routeOf(name).path.split('/') }));
    for (const one of patterns)
      for (const other of patterns)
        if (one.name !== other.name)
          expect(meet(one.parts, other.parts), `${one.name} and ${other.name}`).toBe(false);
  });

  it('knows no page where there is none', () => {
    for (const path of [
      '/',
      '/w/acme',
      '/w/acme/nowhere',
      '/conversations',
      '/w/acme/sign-in',
      '/w/acme/runs/a/b',
    ]) {
      expect(matchPath(path), path).toBeNull();
    }
  });

  it('finds the page of a path without a workspace, where nothing else is missing', () => {
    expect(pageWithoutWorkspace('/sandbox')).toBe('sandbox');
    expect(pageWithoutWorkspace('/runs')).toBe('runs');
    for (const path of ['/', '/runs/0199', '/nowhere', '/w/acme/runs', '/sign-in'])
      expect(pageWithoutWorkspace(path), path).toBeNull();
  });

  it('takes no wish that leads elsewhere', () => {
    for (const path of ['/w/acme/runs', '/sandbox', '/']) expect(isOwnPath(path), path).toBe(true);
    for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:1', ''])
      expect(isOwnPath(path), path).toBe(false);
  });

  it('keeps strange characters of parameters and slugs whole', () => {
    const href = hrefOf(
      'a b',
      'conversation',
      { conversationId: 'x/ü?#' },
      { q: 'a&b', label: '', status: null },
    );
    expect(href).toBe('/w/a%20b/conversations/x%2F%C3%BC%3F%23?q=a%26b');
    expect(matchPath(new URL(href, 'http://t').pathname)).toMatchObject({
      slug: 'a b',
      params: { conversationId: 'x/ü?#' },
    });
    expect(matchPath('/w/%E0%A4%A/ring')).toMatchObject({ name: 'ring', slug: '%E0%A4%A' });
  });
});
