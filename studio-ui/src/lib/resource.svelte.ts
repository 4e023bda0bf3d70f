/** Something loaded from the API and kept while it is refreshed: the old data stay on screen, so nothing jumps. */
import { ApiFailure, isAbort, messageOf } from './api/client.ts';

export class Resource<T> {
  data = $state.raw<T | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  isLoading = $state(false);
  readonly #load: (signal: AbortSignal) => Promise<T>;
  #abort: AbortController | null = null;

  constructor(load: (signal: AbortSignal) => Promise<T>) {
    this.#load = load;
  }

  /** Only the newest call's answer counts. Never rejects: a failure is state. */
  async reload(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.isLoading = true;
    try {
      const data = await this.#load(abort.signal);
      if (this.#abort !== abort) return;
      this.data = data;
      this.failure = null;
    } catch (error) {
      if (this.#abort !== abort || isAbort(error)) return;
      this.failure = error instanceof ApiFailure ? error : new ApiFailure(0, 'unexpected', messageOf(error));
    }
    this.isLoading = false;
  }
  /** Forgets what is there: for a page that now shows something else. */
  reset(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.data = null;
    this.failure = null;
    this.isLoading = false;
  }
}
