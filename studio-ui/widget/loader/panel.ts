/**
 * The chat's window: beside the launcher, or on a phone the whole screen. There it is a modal dialog, so that the page behind can't
 * be reached by keyboard or screen reader, the keyboard goes round within, and it keeps clear of the one on
 * the screen.
 */
import { element } from './elements.ts';

export interface Panel {
  element: HTMLDialogElement;
  fill(...children: HTMLElement[]): void;
  isOpen(): boolean;
  open(): void;
  /** @returns what gives the focus back to where it was, if it was in here; `fallback` gets it where that is gone */
  close(fallback: HTMLElement): () => void;
}

/** As in styles.ts. */
const wholeScreen = '(max-width: 480px), (max-height: 480px)';

/** @param takesFocus false for the preview, where somebody is filling in the form beside it */
export function createPanel(
  onEscape: () => void,
  takesFocus: boolean,
  enter: (at: 'start' | 'end') => void,
): Panel {
  const panel = element('dialog', 'panel');
  const narrow = matchMedia(wholeScreen);
  // Whoever tabs past the chat's end comes in at its beginning, and the other way round.
  const edges = (['end', 'start'] as const).map((at) => {
    const edge = element('span', 'edge');
    edge.addEventListener('focus', () => enter(at));
    return edge;
  });
  let before: Element | null = null;
  let pageOverflow = '';

  const fit = (): void => {
    const view = window.visualViewport;
    const isModal = panel.open && narrow.matches && view;
    // A zoomed page moves the viewport for other reasons than a keyboard.
    const covers = isModal && view.scale < 1.05;
    panel.style.setProperty('--top', covers ? `${view.offsetTop}px` : '0px');
    panel.style.setProperty('--height', covers ? `${view.height}px` : '100dvh');
  };
  const show = (): void => {
    if (!takesFocus) {
      panel.setAttribute('open', '');
    } else if (narrow.matches) {
      const { style } = document.documentElement;
      pageOverflow = style.overflow;
      style.overflow = 'hidden';
      panel.showModal();
    } else {
      panel.show();
    }
    panel.setAttribute('aria-modal', String(narrow.matches));
    for (const edge of edges) edge.tabIndex = narrow.matches ? 0 : -1;
    fit();
  };
  const hide = (wasModal: boolean): void => {
    if (wasModal && takesFocus) document.documentElement.style.overflow = pageOverflow;
    panel.close();
  };
  narrow.addEventListener('change', () => {
    if (!panel.open) return;
    hide(!narrow.matches);
    show();
  });
  window.visualViewport?.addEventListener('resize', fit);
  window.visualViewport?.addEventListener('scroll', fit);
  panel.addEventListener('cancel', (event) => {
    event.preventDefault();
    onEscape();
  });

  return {
    element: panel,
    fill(...children) {
      const [first = '', last = ''] = edges;
      panel.replaceChildren(first, ...children, last);
    },
    isOpen: () => panel.open,
    open() {
      before = focused();
      show();
    },
    close(fallback) {
      const root = panel.getRootNode();
      const isInside = root instanceof ShadowRoot && panel.contains(root.activeElement);
      // Nobody has it where it has just left the chat's end, or the chat was touched and not entered.
      const hadFocus = isInside || document.activeElement === document.body;
      hide(narrow.matches);
      return () => {
        if (!hadFocus) return;
        if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
        else fallback.focus();
      };
    },
  };
}

/** What has the focus, inside shadow roots too. */
function focused(): Element | null {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active;
}
