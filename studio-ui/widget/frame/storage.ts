/**
 * What survives a reload: the session, what is not sent yet, the draft. In the frame's own localStorage; where the browser denies
 * that to a frame of another site (private windows), the page around it keeps it; else memory.
 */
import type { Host } from './host.ts';

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}

const hostAnswersWithinMs = 1500;

export async function openStore(inboxId: string, host: Host): Promise<Store> {
  const own = ownStorage();
  return own ? browserStore(inboxId, own) : hostStore(host, await askHost(host));
}

function browserStore(inboxId: string, storage: Storage): Store {
  const prefix = `teloring/${inboxId}/`;
  const overflow = new Map<string, string>();
  return {
    get: (key) => overflow.get(key) ?? storage.getItem(prefix + key),
    set(key, value) {
      overflow.delete(key);
      try {
        storage.setItem(prefix + key, value);
      } catch {
        // Full: kept until the page goes.
        overflow.set(key, value);
      }
    },
    remove(key) {
      overflow.delete(key);
      storage.removeItem(prefix + key);
    },
    keys() {
      const stored = Object.keys(storage).filter((key) => key.startsWith(prefix));
      return [...new Set([...stored.map((key) => key.slice(prefix.length)), ...overflow.keys()])];
    },
  };
}

function hostStore(host: Host, entries: Record<string, string>): Store {
  const memory = new Map(Object.entries(entries));
  return {
    get: (key) => memory.get(key) ?? null,
    set(key, value) {
      memory.set(key, value);
      host.tell({ teloring: 'frame', kind: 'store', key, value });
    },
    remove(key) {
      memory.delete(key);
      host.tell({ teloring: 'frame', kind: 'store', key, value: null });
    },
    keys: () => [...memory.keys()],
  };
}

function askHost(host: Host): Promise<Record<string, string>> {
  return new Promise((resolve) => {
    if (!host.embedded) return resolve({});
    host.listen((message) => {
      if (message.kind === 'stored') resolve(message.entries);
    });
    host.tell({ teloring: 'frame', kind: 'storage' });
    setTimeout(() => resolve({}), hostAnswersWithinMs);
  });
}

function ownStorage(): Storage | null {
  try {
    window.localStorage.getItem('');
    return window.localStorage;
  } catch {
    return null;
  }
}
