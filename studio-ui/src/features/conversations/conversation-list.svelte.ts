/** The list of conversations for the filters in the URL, kept fresh by the feed. */
import { api } from '../../lib/api/endpoints.ts';
import type { Conversation } from '../../lib/api/types.ts';
import { feed } from '../../lib/feed.svelte.ts';
import { Paged } from '../../lib/paged.svelte.ts';
import { throttled } from '../../lib/throttled.ts';
import { apiQueryOf, type Filters } from './conversation-filters.ts';

export class ConversationList {
  readonly page: Paged<Conversation>;
  #filters: Filters;
  readonly #me: string | null;

  constructor(filters: Filters, me: string | null) {
    this.#filters = filters;
    this.#me = me;
    this.page = new Paged(
      (cursor, signal) => api.conversations({ ...apiQueryOf(this.#filters, this.#me), cursor }, signal),
      (conversation) => conversation.lastMessageAt ?? conversation.createdAt ?? '',
    );
  }

  show(filters: Filters): void {
    const isSame = JSON.stringify(filters) === JSON.stringify(this.#filters);
    if (isSame && this.page.isLoaded) return;
    this.#filters = filters;
    this.page.reset();
    void this.page.reload();
  }
  /** Follows the feed until the returned function is called. At most about one read per second, however busy it is. */
  follow(): () => void {
    const refresh = throttled(() => void this.page.refreshHead(), 200, 1_000);
    const undo = [
      feed.onEvent((event) => {
        if (event.conversationId !== undefined) refresh();
      }),
      feed.onResync(refresh),
    ];
    return () => {
      refresh.cancel();
      undo.forEach((stop) => stop());
    };
  }
  /** The conversation `step` places after (or before) the given one. */
  neighbour(id: string, step: number): Conversation | undefined {
    const index = this.page.items.findIndex((item) => item.id === id);
    return index < 0 ? this.page.items[0] : this.page.items[index + step];
  }
}
