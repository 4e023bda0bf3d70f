/** A cursor-paged list, newest first, that can be extended and refreshed in place. */
import { ApiFailure, isAbort, messageOf } from './api/client.ts';
import type { Page } from './api/types.ts';

export class Paged<T extends { id: string }> {
  items = $state.raw<T[]>([]);
  nextCursor = $state<string | null>(null);
  isLoading = $state(false);
  isLoaded = $state(false);
  failure = $state.raw<ApiFailure | null>(null);
  readonly #load: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>;
  readonly #orderOf: (item: T) => string;
  #abort: AbortController | null = null;

  /** `orderOf`: what the server sorts by, descending, as comparable text. */
  constructor(
    load: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>,
    orderOf: (item: T) => string = (item) => item.id,
  ) {
    this.#load = load;
    this.#orderOf = orderOf;
  }
  async reload(): Promise<void> {
    await this.#fetch(null, (page) => {
      this.items = page.items;
      this.nextCursor = page.nextCursor;
    });
  }
  async more(): Promise<void> {
    if (this.nextCursor === null || this.isLoading) return;
    await this.#fetch(this.nextCursor, (page) => {
      const known = new Set(this.items.map((item) => item.id));
      this.items = [...this.items, ...page.items.filter((item) => !known.has(item.id))];
      this.nextCursor = page.nextCursor;
    });
  }
  /** Reads the first page again and puts it before what is already loaded, so that a long list keeps its tail. */
  async refreshHead(): Promise<void> {
    if (!this.isLoaded) return this.reload();
    await this.#fetch(null, (page) => {
      const last = page.items.at(-1);
      const isWhole = page.nextCursor === null || last === undefined;
      const fresh = new Set(page.items.map((item) => item.id));
      const tail = isWhole
        ? []
        : this.items.filter((item) => !fresh.has(item.id) && this.#orderOf(item) < this.#orderOf(last));
      this.items = [...page.items, ...tail];
      if (tail.length === 0) this.nextCursor = page.nextCursor;
    });
  }
  reset(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.items = [];
    this.nextCursor = null;
    this.isLoading = this.isLoaded = false;
    this.failure = null;
  }

  async #fetch(cursor: string | null, accept: (page: Page<T>) => void): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.isLoading = true;
    try {
      const page = await this.#load(cursor, abort.signal);
      if (this.#abort !== abort) return;
      accept(page);
      this.isLoaded = true;
      this.failure = null;
    } catch (error) {
      if (this.#abort !== abort || isAbort(error)) return;
      this.failure = error instanceof ApiFailure ? error : new ApiFailure(0, 'unexpected', messageOf(error));
    }
    this.isLoading = false;
  }
}
