/**
 * The chat's window: beside the launcher, or on a phone the whole screen. There it is a modal dialog, so that the page behind can't
 * be reached by keyboard or screen reader, and keeps clear of the on-screen keyboard.
 */
import { element } from './elements.ts';

export interface Panel {
  element: HTMLDialogElement;
  isOpen(): boolean;
  open(): void;
  /** @returns what gives the focus back to where it was, if it was in here; `fallback` gets it where that is gone */
  close(fallback: HTMLElement): () => void;
}

/** As in styles.ts. */
const wholeScreen = '(max-width: 480px), (max-height: 480px)';

/** @param takesFocus false for the preview, where somebody is filling in the form beside it */
export function createPanel(onEscape: () => void, takesFocus: boolean): Panel {
  const panel = element('dialog', 'panel');
  const narrow = matchMedia(wholeScreen);
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
    isOpen: () => panel.open,
    open() {
      before = focused();
      show();
    },
    close(fallback) {
      const root = panel.getRootNode();
      const hadFocus = root instanceof ShadowRoot && panel.contains(root.activeElement);
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
