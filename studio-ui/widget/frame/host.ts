/** The page around the frame. Which websites may be it is the Content-Security-Policy's say (frame-ancestors). */
import type { ToFrame, ToHost } from '../protocol.ts';

export interface Host {
  /** False where the frame was opened as a page of its own. */
  embedded: boolean;
  tell(message: ToHost): void;
}

/** @param hear called for messages of exactly the page that loaded us */
export function connectHost(hear: (message: ToFrame) => void): Host {
  const origin = new URLSearchParams(location.search).get('host');
  const embedded = window.parent !== window && origin !== null;
  if (embedded) {
    addEventListener('message', (event: MessageEvent<ToFrame>) => {
      if (event.source === window.parent && event.origin === origin && event.data?.teloring === 'host')
        hear(event.data);
    });
  }
  return {
    embedded,
    tell(message) {
      if (embedded) window.parent.postMessage(message, origin);
    },
  };
}
