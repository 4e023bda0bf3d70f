/**
 * `<script src="…/widget.js" data-inbox="…" async></script>`: a launcher in the corner, in a shadow root; the chat itself is an
 * iframe of our origin that is loaded when it is first opened. Runs on pages we don't know: no globals, no dependency.
 */
import type { ToFrame, ToHost, WidgetConfig } from './protocol.ts';
import { launcherStyles } from './loader-styles.ts';

const script =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector<HTMLScriptElement>('script[data-inbox]');
const inboxId = script?.dataset['inbox'] ?? '';

if (!script || !/^[0-9a-f-]{36}$/i.test(inboxId)) {
  console.error('Teloring chat: the script needs data-inbox="<id of the Live Chat inbox>".');
} else if (!document.querySelector(`[data-teloring-chat="${inboxId}"]`)) {
  start(new URL('.', script.src));
}

function start(base: URL): void {
  const root = document.createElement('div');
  root.dataset['teloringChat'] = inboxId;
  document.documentElement.append(root);
  const shadow = root.attachShadow({ mode: 'open' });
  void loadConfig(base, 0).then((config) => {
    if (config) build(shadow, base, config);
    else root.remove();
  });
}

/** Null where the inbox says no; waits for as long as it can't be reached. */
async function loadConfig(base: URL, attempt: number): Promise<WidgetConfig | null> {
  try {
    const response = await fetch(new URL(`live-chat/${inboxId}/config`, base), { credentials: 'omit' });
    if (response.ok) return (await response.json()) as WidgetConfig;
    if (response.status < 500 && response.status !== 429) {
      const { error } = (await response.json()) as { error?: { message?: string } };
      console.warn(`Teloring chat is not shown here: ${error?.message ?? response.status}`);
      return null;
    }
  } catch {
    // Unreachable: asked again below.
  }
  await new Promise((resolve) =>
    setTimeout(resolve, Math.min(15_000, 1000 * 2 ** attempt) * (0.75 + Math.random() / 2)),
  );
  return loadConfig(base, attempt + 1);
}

function build(shadow: ShadowRoot, base: URL, config: WidgetConfig): void {
  const styles = new CSSStyleSheet();
  styles.replaceSync(launcherStyles(config));
  shadow.adoptedStyleSheets = [styles];

  const panel = element('div', 'panel');
  panel.hidden = true;
  panel.setAttribute('role', 'dialog');
  panel.setAttribute('aria-label', config.title);
  const note = element('p', 'note');
  note.setAttribute('role', 'status');
  const again = element('button', 'again');
  again.type = 'button';
  again.textContent = 'Try again';
  again.hidden = true;
  const dismiss = element('button', 'again quiet');
  dismiss.type = 'button';
  dismiss.textContent = 'Close';
  dismiss.hidden = true;
  const waiting = element('div', 'waiting');
  waiting.append(note, again, dismiss);
  panel.append(waiting);

  const launcher = element('button', 'launcher');
  launcher.type = 'button';
  launcher.innerHTML =
    '<svg class="bubble" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3.5c-5 0-9 3.4-9 7.7 0 2.5 1.4 4.7 3.5 6.1-.1 1-.5 2.1-1.3 3 1.7-.1 3.3-.7 4.5-1.7.7.1 1.5.3 2.3.3 5 0 9-3.4 9-7.7s-4-7.7-9-7.7Z"/></svg>' +
    '<svg class="cross" viewBox="0 0 24 24" aria-hidden="true"><path d="m6 9.5 6 6 6-6"/></svg>';
  const badge = element('span', 'badge');
  badge.hidden = true;
  badge.setAttribute('aria-hidden', 'true');
  launcher.append(badge);
  shadow.append(panel, launcher);

  const frameUrl = new URL(`live-chat/${inboxId}/frame`, base);
  frameUrl.searchParams.set('host', location.origin);
  const memory = `teloring-chat/${inboxId}`;
  let frame: HTMLIFrameElement | null = null;
  let ready = false;
  let opened = false;
  let unread = 0;
  let patience: ReturnType<typeof setTimeout> | undefined;

  const post = (message: ToFrame): void => frame?.contentWindow?.postMessage(message, frameUrl.origin);
  const tell = (kind: 'shown' | 'hidden'): void => {
    if (ready) post({ teloring: 'host', kind });
  };
  const loadFrame = (): void => {
    ready = false;
    note.textContent = 'Opening the chat …';
    again.hidden = dismiss.hidden = true;
    frame?.remove();
    frame = document.createElement('iframe');
    frame.title = config.title;
    frame.src = frameUrl.href;
    panel.append(frame);
    clearTimeout(patience);
    patience = setTimeout(() => {
      if (ready) return;
      note.textContent = 'The chat can’t be reached right now. What you wrote before is kept.';
      again.hidden = dismiss.hidden = false;
    }, 10_000);
  };
  const paint = (): void => {
    panel.hidden = !opened;
    launcher.classList.toggle('open', opened);
    launcher.setAttribute('aria-expanded', String(opened));
    badge.hidden = opened || unread === 0;
    badge.textContent = unread > 9 ? '9+' : String(unread);
    const news = unread === 0 ? '' : unread === 1 ? ', 1 new message' : `, ${unread} new messages`;
    launcher.setAttribute('aria-label', opened ? 'Close chat' : `Open chat: ${config.title}${news}`);
  };
  const open = (): void => {
    if (opened) return frame?.focus();
    opened = true;
    if (!frame) loadFrame();
    paint();
    tell('shown');
    frame?.focus();
  };
  const close = (): void => {
    if (!opened) return;
    opened = false;
    paint();
    tell('hidden');
    launcher.focus();
  };

  launcher.addEventListener('click', () => (opened ? close() : open()));
  again.addEventListener('click', loadFrame);
  dismiss.addEventListener('click', close);
  addEventListener('online', () => {
    if (frame && !ready) loadFrame();
  });
  shadow.addEventListener('keydown', (event) => {
    if (event instanceof KeyboardEvent && event.key === 'Escape') close();
  });
  // Any element of the page may open the chat: data-teloring="open".
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-teloring="open"]')) open();
  });
  addEventListener('message', (event: MessageEvent<ToHost>) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== frameUrl.origin) return;
    const message = event.data;
    if (message?.teloring !== 'frame') return;
    if (message.kind === 'ready') {
      ready = true;
      clearTimeout(patience);
      frame.classList.add('ready');
      tell(opened ? 'shown' : 'hidden');
      if (opened) frame.focus();
    } else if (message.kind === 'close') {
      close();
    } else if (message.kind === 'started') {
      keep(memory, 'started');
    } else if (message.kind === 'storage') {
      post({ teloring: 'host', kind: 'stored', entries: kept(`${memory}/`) });
    } else if (message.kind === 'store') {
      keep(`${memory}/${message.key}`, message.value);
    } else if (message.kind === 'unread' && Number.isInteger(message.count)) {
      unread = Math.max(0, message.count);
      paint();
    }
  });

  paint();
  if (kept(memory)['']) {
    const idle = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 500));
    idle(() => {
      if (!frame) loadFrame();
    });
  }
}

function element<Name extends 'div' | 'button' | 'span' | 'p'>(name: Name, className: string) {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

/** Into the page's storage; null takes it out. A page without storage forgets, and works otherwise. */
function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Denied or full.
  }
}

/** What is kept under keys that begin so, by the rest of the key. */
function kept(prefix: string): Record<string, string> {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    return Object.fromEntries(keys.map((key) => [key.slice(prefix.length), localStorage.getItem(key) ?? '']));
  } catch {
    return {};
  }
}
