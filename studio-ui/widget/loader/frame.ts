/** The iframe of the chat: made when first needed, made anew when it didn't come, spoken to under its exact origin only. */
import type { ToFrame, ToHost } from '../protocol.ts';

export type FrameState = 'none' | 'loading' | 'ready' | 'unreachable';

export interface Frame {
  state(): FrameState;
  load(): void;
  /** Lost where the frame isn't ready: whoever must be heard says it again on `ready`. */
  tell(message: ToFrame): void;
  focus(): void;
}

interface FrameOptions {
  base: URL;
  inboxId: string;
  title: () => string;
  /** What the frame is told by its address, so that its first picture is right. */
  look: () => { language: string; theme: string };
  isPreview: boolean;
  place: HTMLElement;
  hear: (message: ToHost) => void;
  changed: () => void;
}

const patienceMs = 10_000;

export function createFrame({
  base,
  inboxId,
  title,
  look,
  isPreview,
  place,
  hear,
  changed,
}: FrameOptions): Frame {
  const address = new URL(`live-chat/${inboxId}/frame`, base);
  let frame: HTMLIFrameElement | null = null;
  let state: FrameState = 'none';
  let patience: ReturnType<typeof setTimeout> | undefined;

  const become = (next: FrameState): void => {
    state = next;
    changed();
  };
  const load = (): void => {
    frame?.remove();
    frame = document.createElement('iframe');
    frame.title = title();
    frame.allow = 'autoplay; clipboard-write';
    const { language, theme } = look();
    address.search = new URLSearchParams({ host: location.origin, language, theme }).toString();
    if (isPreview) address.searchParams.set('preview', '1');
    frame.src = address.href;
    place.append(frame);
    clearTimeout(patience);
    patience = setTimeout(() => {
      if (state === 'loading') become('unreachable');
    }, patienceMs);
    become('loading');
  };

  addEventListener('online', () => {
    if (frame && state !== 'ready') load();
  });
  addEventListener('message', (event: MessageEvent<ToHost | undefined>) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== address.origin) return;
    const message = event.data;
    if (message?.teloring !== 'frame') return;
    if (message.kind === 'ready') {
      clearTimeout(patience);
      frame.classList.add('ready');
      state = 'ready';
      hear(message);
      changed();
    } else {
      hear(message);
    }
  });

  return {
    state: () => state,
    load,
    tell(message) {
      // Before it is there its place is the host page's own; only what it asked for itself has a hearer.
      if (state === 'ready' || message.kind === 'stored')
        frame?.contentWindow?.postMessage(message, address.origin);
    },
    focus: () => frame?.focus(),
  };
}
