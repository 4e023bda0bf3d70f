/**
 * One tab of a browser holds the phone: it registers, rings and carries the sound. The others show what it shows and hand it their
 * wishes. Whoever has the lock leads; when its tab is closed or crashes the browser gives the lock to the next one.
 */

const nothing = (): void => undefined;
export interface TabLink<State, Wish> {
  /** What the leader shows now; in the leader's own tab this is a no-op for itself. */
  publish(state: State): void;
  /** Carried out by the leader, wherever it is. @throws Error when no leader answers in time, or with the leader's refusal */
  ask(wish: Wish): Promise<void>;
  isLeader(): boolean;
  close(): void;
}
export interface TabRole<State, Wish> {
  /** From now on this tab leads. Returns what has to be done when it stops. */
  lead(): () => void;
  /** Another tab's state, in a tab that follows; null when a leader has gone and none is there yet. */
  follow(state: State | null): void;
  /** A wish, in the leader. */
  carryOut(wish: Wish): Promise<void>;
  /** The leader's state, for a tab that has just opened. */
  state(): State;
}
/** The parts of a browser it needs; tests bring their own. */
export interface TabBrowser {
  /** Calls `held` while the lock is ours; it is released when the promise settles, or with the tab. */
  lock(name: string, signal: AbortSignal, held: () => Promise<void>): Promise<void>;
  channel(name: string): TabChannel;
}
export interface TabChannel {
  post(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
  close(): void;
}

type Message<State, Wish> =
  | { kind: 'hello' }
  | { kind: 'state'; state: State }
  | { kind: 'gone' }
  | { kind: 'wish'; id: string; wish: Wish }
  | { kind: 'done'; id: string; refusal: string | null };

const ANSWER_MS = 8_000;

export function joinTabs<State, Wish>(
  name: string,
  role: TabRole<State, Wish>,
  browser: TabBrowser = realBrowser,
): TabLink<State, Wish> {
  const channel = browser.channel(name);
  const abort = new AbortController();
  const waiting = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  let leads = false;
  let stopLeading: (() => void) | null = null;
  let release: () => void = nothing;
  const post = (message: Message<State, Wish>): void => channel.post(message);

  channel.listen((received) => {
    const message = received as Message<State, Wish>; // only our own tabs write here
    if (message.kind === 'hello' && leads) post({ kind: 'state', state: role.state() });
    if (message.kind === 'state' && !leads) role.follow(message.state);
    if (message.kind === 'gone' && !leads) role.follow(null);
    if (message.kind === 'wish' && leads) void obey(message.id, message.wish);
    if (message.kind === 'done') settle(message.id, message.refusal);
  });
  async function obey(id: string, wish: Wish): Promise<void> {
    let refusal: string | null = null;
    try {
      await role.carryOut(wish);
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    post({ kind: 'done', id, refusal });
  }
  function settle(id: string, refusal: string | null): void {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (refusal === null) asked?.resolve();
    else asked?.reject(new Error(refusal));
  }

  void browser
    .lock(name, abort.signal, () => {
      leads = true;
      stopLeading = role.lead();
      post({ kind: 'state', state: role.state() });
      return new Promise<void>((resolve) => (release = resolve));
    })
    .catch((error: unknown) => {
      // Closed before it was our turn.
      if (!abort.signal.aborted) throw error;
    });
  post({ kind: 'hello' });

  return {
    isLeader: () => leads,
    publish(state) {
      if (leads) post({ kind: 'state', state });
    },
    async ask(wish) {
      if (leads) return role.carryOut(wish);
      const id = crypto.randomUUID();
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(
            new Error('The tab that holds the phone doesn’t answer. Close it, or try again in a moment.'),
          );
        }, ANSWER_MS);
        waiting.set(id, {
          resolve: () => {
            clearTimeout(timer);
            resolve();
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        });
        post({ kind: 'wish', id, wish });
      });
    },
    close() {
      abort.abort();
      stopLeading?.();
      if (leads) post({ kind: 'gone' });
      leads = false;
      release();
      channel.close();
      for (const asked of waiting.values()) asked.reject(new Error('The phone was closed.'));
      waiting.clear();
    },
  };
}

const realBrowser: TabBrowser = {
  async lock(name, signal, held) {
    await navigator.locks.request(name, { signal }, held);
  },
  channel(name) {
    const channel = new BroadcastChannel(name);
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a broadcast channel is its own origin's
      post: (message) => channel.postMessage(message),
      listen: (listener) => channel.addEventListener('message', (event) => listener(event.data)),
      close: () => channel.close(),
    };
  },
};
