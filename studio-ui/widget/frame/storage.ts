/** This frame's corner of localStorage, one inbox apart from another; memory where the browser gives none. */
export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}

export function createStore(inboxId: string, storage: Storage | null = browserStorage()): Store {
  const prefix = `teloring/${inboxId}/`;
  const memory = new Map<string, string>();
  return {
    get: (key) => storage?.getItem(prefix + key) ?? memory.get(key) ?? null,
    set(key, value) {
      try {
        if (!storage) throw new Error('no storage');
        storage.setItem(prefix + key, value);
      } catch {
        // Full or forbidden: kept until the page goes.
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      storage?.removeItem(prefix + key);
    },
    keys() {
      const stored = storage ? Object.keys(storage).filter((key) => key.startsWith(prefix)) : [];
      return [...new Set([...stored.map((key) => key.slice(prefix.length)), ...memory.keys()])];
    },
  };
}

function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
