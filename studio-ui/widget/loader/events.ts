/** The page's handlers. Each gets a copy of its own, and what it throws is the page's, never the widget's. */
import type { TeloringEvents, TeloringHandler } from '../teloring.d.ts';

type Name = keyof TeloringEvents;
export interface Events {
  on<N extends Name>(name: N, handler: TeloringHandler<N>): () => void;
  off<N extends Name>(name: N, handler: TeloringHandler<N>): void;
  emit<N extends Name>(name: N, detail: TeloringEvents[N]): void;
}

function call<N extends Name>(handler: TeloringHandler<N>, detail: TeloringEvents[N]): void {
  try {
    handler(structuredClone(detail));
  } catch (error) {
    reportError(error);
  }
}

export function createEvents(): Events {
  // Each name's set holds handlers of that name only: `on` and `off` are the one way in.
  const handlers = new Map<Name, Set<(detail: never) => void>>();
  let isReady = false;

  const off: Events['off'] = (name, handler) => void handlers.get(name)?.delete(handler);
  return {
    on(name, handler) {
      if (typeof handler !== 'function') return () => undefined;
      const mine = handlers.get(name) ?? new Set();
      handlers.set(name, mine.add(handler));
      // Who comes after the beginning hears of it nevertheless.
      if (name === 'ready' && isReady)
        queueMicrotask(() => mine.has(handler) && call(handler as TeloringHandler<'ready'>, {}));
      return () => off(name, handler);
    },
    off,
    emit<N extends Name>(name: N, detail: TeloringEvents[N]): void {
      if (name === 'ready') isReady = true;
      // Handlers may come and go while they are called.
      for (const handler of new Set(handlers.get(name))) call(handler as TeloringHandler<N>, detail);
    },
  };
}
