/** What the page's own storage remembers for the widget, per inbox. A page without storage forgets, and works otherwise. */
export interface Memory {
  /** null takes it out. */
  keep(key: string, value: string | null): void;
  /** What is kept under keys that begin so, by the rest of the key. */
  kept(prefix: string): Record<string, string>;
}

export function createMemory(inboxId: string, isPreview: boolean): Memory {
  const own = `teloring-chat/${inboxId}`;
  return {
    keep(key, value) {
      if (isPreview) return;
      try {
        if (value === null) localStorage.removeItem(own + key);
        else localStorage.setItem(own + key, value);
      } catch {
        // Denied or full.
      }
    },
    kept(prefix) {
      if (isPreview) return {};
      try {
        const whole = own + prefix;
        const keys = Object.keys(localStorage).filter((key) => key.startsWith(whole));
        return Object.fromEntries(
          keys.map((key) => [key.slice(whole.length), localStorage.getItem(key) ?? '']),
        );
      } catch {
        return {};
      }
    },
  };
}
