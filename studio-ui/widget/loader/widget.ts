/** Launcher, panel and frame as one: what the page's calls, the visitor's clicks and the frame's messages do. */
import { chooseLanguage, directionOf } from '../language.ts';
import type { NewestMessage, ToHost, WidgetConfig } from '../protocol.ts';
import type { TeloringTheme } from '../teloring.d.ts';
import type { Events } from './events.ts';
import { element } from './elements.ts';
import { createFrame } from './frame.ts';
import { createIntroduction } from './introduction.ts';
import { createLauncher } from './launcher.ts';
import type { Memory } from './memory.ts';
import { createPanel } from './panel.ts';
import { launcherStyles } from './styles.ts';
import { createTitleCount } from './title.ts';
import { createWaiting } from './waiting.ts';
import { createWords } from './words.ts';

export type Widget = ReturnType<typeof buildWidget>;

interface WidgetParts {
  root: HTMLElement;
  base: URL;
  inboxId: string;
  config: WidgetConfig;
  events: Events;
  memory: Memory;
  isPreview: boolean;
}

export function buildWidget({ root, base, inboxId, config: first, events, memory, isPreview }: WidgetParts) {
  const shadow = root.attachShadow({ mode: 'open' });
  const styles = new CSSStyleSheet();
  shadow.adoptedStyleSheets = [styles];
  let config = first;
  let language: string | null = null;
  let theme: TeloringTheme | null = null;
  let isHidden = false;
  let unread = 0;
  let newest: NewestMessage | null = null;
  let draft = '';
  let preview: unknown;

  const words = createWords(base);
  const countInTitle = createTitleCount();
  const panel = createPanel(close, !isPreview, (at) => {
    frame.focus();
    frame.tell({ teloring: 'host', kind: 'focus', at });
  });
  const waiting = createWaiting(words, { again: () => frame.load(), leave: close });
  const launcher = createLauncher(words, { toggle, open: () => open(), dismiss: dismissNews });
  const place = element('div', 'place');
  const frame = createFrame({
    base,
    inboxId,
    isPreview,
    title: () => config.title,
    look,
    place,
    hear,
    changed: () => waiting.paint(frame.state()),
  });
  place.append(waiting.element);
  panel.fill(place);
  const introduction = createIntroduction(memory, events, (message) => frame.tell(message));
  const introduceNow = (): void => {
    if (frame.state() === 'ready') introduction.introduce();
    // Who signs out leaves nothing behind, also where nothing of the chat was looked at on this page.
    else if (introduction.isLeaving() && frame.state() === 'none') frame.load();
  };
  shadow.append(panel.element, ...launcher.parts);

  function look() {
    const code = chooseLanguage([
      language,
      config.language === 'auto' ? null : config.language,
      document.documentElement.lang,
      ...navigator.languages,
    ]);
    return { language: code, theme: theme ?? config.theme };
  }
  function paint(): void {
    styles.replaceSync(launcherStyles(config, look().theme));
    root.lang = words.language();
    root.dir = directionOf(words.language());
    panel.element.setAttribute('aria-label', config.title);
    launcher.paint({ config, isOpen: panel.isOpen(), isHidden, unread, newest });
    waiting.paint(frame.state());
    countInTitle(config.unreadInTitle && !panel.isOpen() ? unread : 0);
  }
  function apply(): void {
    words.use(look().language, paint);
    frame.tell({ teloring: 'host', kind: 'look', ...look() });
    paint();
  }

  function open(text = ''): void {
    if (text !== '') draft = text;
    if (frame.state() === 'none') frame.load();
    if (!panel.isOpen()) {
      panel.open();
      paint();
      frame.tell({ teloring: 'host', kind: 'shown' });
      events.emit('opened', {});
    }
    if (frame.state() === 'ready') sendDraft();
    if (!isPreview) frame.focus();
  }
  function close(): void {
    if (!panel.isOpen()) return;
    const giveBack = panel.close(launcher.button);
    // The launcher may only now be there again to take the focus.
    paint();
    giveBack();
    frame.tell({ teloring: 'host', kind: 'hidden' });
    events.emit('closed', {});
  }
  function toggle(): void {
    if (panel.isOpen()) close();
    else open();
  }
  function sendDraft(): void {
    if (draft !== '') frame.tell({ teloring: 'host', kind: 'draft', text: draft });
    draft = '';
  }
  function dismissNews(): void {
    if (newest) memory.keep('-dismissed', newest.id);
    newest = null;
    paint();
    launcher.button.focus();
  }

  function hear(message: ToHost): void {
    if (introduction.hear(message)) {
      if (message.kind === 'logged_out') {
        news(0, null);
        frame.load();
      }
      return;
    }
    switch (message.kind) {
      case 'ready':
        if (isPreview) frame.tell({ teloring: 'host', kind: 'preview', preview });
        frame.tell({ teloring: 'host', kind: 'look', ...look() });
        introduction.introduce();
        frame.tell({ teloring: 'host', kind: panel.isOpen() ? 'shown' : 'hidden' });
        sendDraft();
        if (panel.isOpen() && !isPreview) frame.focus();
        break;
      case 'close':
        close();
        break;
      case 'started':
        memory.keep('', 'started');
        break;
      case 'storage':
        frame.tell({ teloring: 'host', kind: 'stored', entries: memory.kept('/') });
        break;
      case 'store':
        memory.keep(`/${message.key}`, message.value);
        break;
      case 'unread':
        news(message.count, message.newest ?? null);
        break;
      case 'message':
        events.emit('message', message.message);
        break;
      case 'conversation':
        events.emit('conversation_started', { conversationId: message.conversationId });
        break;
    }
  }
  function news(count: number, last: NewestMessage | null): void {
    if (!Number.isInteger(count)) return;
    const changed = count !== unread;
    unread = Math.max(0, count);
    newest = last && memory.kept('-dismissed')[''] !== last.id ? last : null;
    paint();
    if (changed) events.emit('unread', { count: unread });
  }

  shadow.addEventListener('keydown', (event) => {
    if (event instanceof KeyboardEvent && event.key === 'Escape') close();
  });
  // Any element of the page may open the chat: data-teloring="open".
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-teloring="open"]')) open();
  });
  apply();
  if (memory.kept('')[''] || introduction.isLeaving()) {
    const idle = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 500));
    idle(() => {
      if (frame.state() === 'none') frame.load();
    });
  }

  return {
    open,
    close,
    toggle,
    setHidden(hidden: boolean): void {
      isHidden = hidden;
      paint();
    },
    identify(given: Parameters<typeof introduction.identify>[0]): void {
      introduction.identify(given);
      introduceNow();
    },
    logout(): void {
      introduction.logout();
      close();
      introduceNow();
    },
    setFields(given: Parameters<typeof introduction.setFields>[0]): void {
      introduction.setFields(given);
      introduceNow();
    },
    setLanguage(code: string): void {
      language = code;
      apply();
    },
    setTheme(next: TeloringTheme): void {
      theme = next;
      apply();
    },
    /** For the preview: another configuration, and what the frame is to show. */
    show(next: WidgetConfig, forFrame: unknown): void {
      config = next;
      preview = forFrame;
      apply();
      frame.tell({ teloring: 'host', kind: 'preview', preview });
    },
  };
}
