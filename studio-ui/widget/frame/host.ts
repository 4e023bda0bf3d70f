/** The page around the frame. Which websites may be it is the Content-Security-Policy's say (frame-ancestors). */
import type { ToFrame, ToHost } from '../protocol.ts';

export interface Host {
  /** False where the frame was opened as a page of its own. */
  embedded: boolean;
  /** Only our own settings page may play with the chat; anybody else gets the real one. */
  isPreview: boolean;
  tell: (message: ToHost) => void;
  /** Called for messages of exactly the page that loaded us. */
  listen: (hear: (message: ToFrame) => void) => void;
}

export function connectHost(): Host {
  const search = new URLSearchParams(location.search);
  const origin = search.get('host');
  const embedded = window.parent !== window && origin !== null;
  return {
    embedded,
    isPreview: embedded && search.has('preview') && origin === location.origin,
    tell(message) {
      if (embedded) window.parent.postMessage(message, origin);
    },
    listen(hear) {
      if (!embedded) return;
      addEventListener('message', (event: MessageEvent<ToFrame>) => {
        const ours = event.source === window.parent && event.origin === origin;
        if (ours && event.data?.teloring === 'host') hear(event.data);
      });
    },
  };
}
