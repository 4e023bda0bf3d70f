import { describe, expect, it, vi } from 'vitest';
import {
  joinTabs,
  type TabBrowser,
  type TabChannel,
} from '../../../../studio-ui/src/features/phone/tab-leader.ts';

/** A browser of several tabs: one lock, one channel. A tab that is killed loses both without a word. */
function createBrowser() {
  const queue: { tab: string; held: () => Promise<void>; signal: AbortSignal; done: () => void }[] = [];
  const channels: { tab: string; channel: TabChannel; hear: (message: unknown) => void }[] = [];
  let holder: string | null = null;
  const next = (): void => {
    const first = queue.shift();
    if (!first) return;
    if (first.signal.aborted) return next();
    holder = first.tab;
    void first.held().then(() => free(first.tab));
  };
  const free = (tab: string): void => {
    if (holder !== tab) return;
    holder = null;
    next();
  };
  return {
    tab: (tab: string): TabBrowser => ({
      lock: (_name, signal, held) =>
        new Promise((resolve) => {
          queue.push({ tab, held, signal, done: resolve });
          if (holder === null) next();
        }),
      channel() {
        const entry = { tab, channel: {} as TabChannel, hear: (_message: unknown): void => undefined };
        entry.channel = {
          post: (message) =>
            channels
              .filter((other) => other !== entry)
              .forEach((other) => other.hear(structuredClone(message))),
          listen: (listener) => (entry.hear = listener),
          close: () => void channels.splice(channels.indexOf(entry), 1),
        };
        channels.push(entry);
        return entry.channel;
      },
    }),
    kill(tab: string): void {
      for (const entry of channels.filter((other) => other.tab === tab))
        channels.splice(channels.indexOf(entry), 1);
      free(tab);
    },
  };
}

function openTab(browser: ReturnType<typeof createBrowser>, name: string) {
  const seen: (string | null)[] = [];
  const wishes: string[] = [];
  const tab = { leads: 0, state: `${name} leads`, refuse: false };
  const link = joinTabs<string, string>(
    'phone',
    {
      lead() {
        tab.leads += 1;
        return () => (tab.leads -= 1);
      },
      follow: (state) => void seen.push(state),
      async carryOut(wish) {
        if (tab.refuse) throw new Error('not now');
        wishes.push(wish);
      },
      state: () => tab.state,
    },
    browser.tab(name),
  );
  return { link, seen, wishes, tab };
}

describe('the tabs of one browser', () => {
  it('have one leader, which the others mirror', () => {
    const browser = createBrowser();
    const a = openTab(browser, 'a');
    const b = openTab(browser, 'b');
    const c = openTab(browser, 'c');
    expect([a.tab.leads, b.tab.leads, c.tab.leads]).toEqual([1, 0, 0]);
    // A tab that opens later is told at once.
    expect(c.seen).toEqual(['a leads']);
    a.link.publish('ringing');
    b.link.publish('never heard');
    expect(b.seen.at(-1)).toBe('ringing');
    expect(c.seen.at(-1)).toBe('ringing');
  });

  it('carry wishes to the leader, and its refusals back', async () => {
    const browser = createBrowser();
    const a = openTab(browser, 'a');
    const b = openTab(browser, 'b');
    await b.link.ask('answer');
    await a.link.ask('mute');
    expect(a.wishes).toEqual(['answer', 'mute']);
    expect(b.wishes).toEqual([]);
    a.tab.refuse = true;
    await expect(b.link.ask('hold')).rejects.toThrow('not now');
  });

  it('go on when the leader closes, and when it crashes', async () => {
    const browser = createBrowser();
    const a = openTab(browser, 'a');
    const b = openTab(browser, 'b');
    const c = openTab(browser, 'c');
    a.link.close();
    await vi.waitFor(() => expect(b.tab.leads).toBe(1));
    expect(a.tab.leads).toBe(0);
    expect(c.seen.slice(-2)).toEqual([null, 'b leads']);
    browser.kill('b');
    await vi.waitFor(() => expect(c.tab.leads).toBe(1));
    await c.link.ask('dial');
    expect(c.wishes).toEqual(['dial']);
  });

  it('let no tab lead that was closed while it waited for its turn', async () => {
    const browser = createBrowser();
    const a = openTab(browser, 'a');
    const b = openTab(browser, 'b');
    const c = openTab(browser, 'c');
    b.link.close();
    a.link.close();
    await vi.waitFor(() => expect(c.tab.leads).toBe(1));
    expect(b.tab.leads).toBe(0);
  });

  it('say so when no leader answers', async () => {
    vi.useFakeTimers();
    try {
      const browser = createBrowser();
      openTab(browser, 'a');
      const b = openTab(browser, 'b');
      // Stopped in its tracks: it holds the lock and hears nothing.
      const deaf = b.link.ask('answer');
      const answered = expect(deaf).resolves.toBeUndefined();
      await vi.advanceTimersByTimeAsync(10);
      await answered;
      const alone = joinTabs<string, string>(
        'phone',
        {
          lead: () => () => undefined,
          follow: () => undefined,
          carryOut: async () => undefined,
          state: () => '',
        },
        {
          ...browser.tab('z'),
          channel: () => ({ post: () => undefined, listen: () => undefined, close: () => undefined }),
        },
      );
      const asked = expect(alone.ask('answer')).rejects.toThrow('doesn’t answer');
      await vi.advanceTimersByTimeAsync(8_001);
      await asked;
    } finally {
      vi.useRealTimers();
    }
  });
});
