/** A small router on the history API. Links are real `<a>` elements; this only takes over plain left clicks within the app. */
import {
  hrefOf,
  matchPath,
  searchOf,
  type Match,
  type Params,
  type Query,
  type RouteName,
} from './routes.ts';

class Router {
  #url = $state(new URL(location.href));
  readonly match: Match | null = $derived(matchPath(this.#url.pathname));
  readonly query: URLSearchParams = $derived(this.#url.searchParams);
  /** Where the workspace's pages live; set by the session. */
  slug = $state('');

  get path(): string {
    return this.#url.pathname;
  }
  get pathAndQuery(): string {
    return this.#url.pathname + this.#url.search;
  }

  href<Name extends RouteName>(name: Name, params: Params<Name>, query?: Query): string {
    return hrefOf(this.slug, name, params, query);
  }
  param(name: string): string {
    return this.match?.params[name] ?? '';
  }

  go(href: string, options: { replace?: boolean } = {}): void {
    const next = new URL(href, location.href);
    if (next.href === this.#url.href) return;
    if (options.replace) history.replaceState(null, '', next);
    else history.pushState(null, '', next);
    this.#url = next;
  }
  open<Name extends RouteName>(name: Name, params: Params<Name>, query?: Query): void {
    this.go(this.href(name, params, query));
  }
  /** Changes some of the query and keeps the rest; an empty value removes the key. */
  setQuery(changes: Query): void {
    this.go(this.hrefWithQuery(changes), { replace: true });
  }
  hrefWithQuery(changes: Query): string {
    return this.path + searchOf({ ...Object.fromEntries(this.query), ...changes });
  }

  /** Follows back and forward, and clicks on links of our own. Returns the undo. */
  listen(): () => void {
    const onPop = () => (this.#url = new URL(location.href));
    const onClick = (event: MouseEvent) => {
      if (
        event.defaultPrevented ||
        event.button !== 0 ||
        event.metaKey ||
        event.ctrlKey ||
        event.shiftKey ||
        event.altKey
      )
        return;
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (!link || link.target === '_blank' || link.hasAttribute('download')) return;
      const url = new URL(link.href, location.href);
      if (url.origin !== location.origin || !matchPath(url.pathname)) return;
      event.preventDefault();
      this.go(url.href);
    };
    addEventListener('popstate', onPop);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick);
    };
  }
}

export const router = new Router();
