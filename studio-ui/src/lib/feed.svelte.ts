/** The live feed: server-sent events by name, resumed by the browser with Last-Event-ID. Events carry ids only; pages refetch. */
export const FEED_EVENTS = [
  'message.created',
  'message.updated',
  'conversation.created',
  'conversation.updated',
  'run.updated',
  'inbox.updated',
  'flow.updated',
  'customer.updated',
  'call.updated',
  'presence.updated',
] as const;
export type FeedName = (typeof FEED_EVENTS)[number];
export interface FeedEvent {
  name: FeedName;
  conversationId?: string;
  messageId?: string;
  seq?: number;
  runId?: string;
  inboxId?: string;
  flowId?: string;
  customerId?: string;
  callId?: string;
  userId?: string;
}
type Listener = (event: FeedEvent) => void;

const RETRY_MS = [1_000, 2_000, 5_000, 15_000];

class Feed {
  state = $state<'connecting' | 'live' | 'lost'>('connecting');
  readonly #listeners = new Set<Listener>();
  readonly #resyncs = new Set<() => void>();
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  /** Hears every event until the returned function is called. */
  onEvent(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  /** Called when the feed is back after having been lost: what is on screen may be stale. */
  onResync(listener: () => void): () => void {
    this.#resyncs.add(listener);
    return () => this.#resyncs.delete(listener);
  }

  open(): () => void {
    this.#connect();
    return () => {
      clearTimeout(this.#timer);
      this.#source?.close();
      this.#source = null;
    };
  }

  #connect(): void {
    const source = new EventSource('/api/events');
    this.#source = source;
    source.addEventListener('open', () => {
      const wasLost = this.#failures > 0;
      this.#failures = 0;
      this.state = 'live';
      if (wasLost) for (const listener of this.#resyncs) listener();
    });
    source.addEventListener('error', () => this.#onError(source));
    for (const name of FEED_EVENTS) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        const data = { ...(JSON.parse(event.data) as Omit<FeedEvent, 'name'>), name };
        for (const listener of this.#listeners) listener(data);
      });
    }
  }
  /** The browser retries a dropped connection itself, but gives up after an error answer: then we go on. */
  #onError(source: EventSource): void {
    this.#failures++;
    this.state = this.#failures > 1 ? 'lost' : 'connecting';
    if (source.readyState !== EventSource.CLOSED) return;
    const wait = RETRY_MS[Math.min(this.#failures - 1, RETRY_MS.length - 1)];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }
}

export const feed = new Feed();
