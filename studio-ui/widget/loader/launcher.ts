/** The button in the corner, with the number of unread messages and, beside it, the newest of them. */
import type { NewestMessage, WidgetConfig } from '../protocol.ts';
import { element, icon } from './elements.ts';
import type { LauncherWords } from './words.ts';

export interface LauncherView {
  config: WidgetConfig;
  isOpen: boolean;
  isHidden: boolean;
  unread: number;
  newest: NewestMessage | null;
}

export interface Launcher {
  parts: HTMLElement[];
  button: HTMLButtonElement;
  paint(view: LauncherView): void;
}

const bubble =
  'M12 3.5c-5 0-9 3.4-9 7.7 0 2.5 1.4 4.7 3.5 6.1-.1 1-.5 2.1-1.3 3 1.7-.1 3.3-.7 4.5-1.7.7.1 1.5.3 2.3.3 5 0 9-3.4 9-7.7s-4-7.7-9-7.7Z';

export function createLauncher(
  words: LauncherWords,
  acts: { toggle(): void; open(): void; dismiss(): void },
): Launcher {
  const button = element('button', 'launcher');
  const label = element('span', 'label');
  const badge = element('span', 'badge', { 'aria-hidden': 'true' });
  button.append(icon('bubble', bubble), icon('cross', 'm6 9.5 6 6 6-6'), label, badge);
  button.addEventListener('click', () => acts.toggle());

  // There from the beginning: screen readers announce what changes in a live region, not the region's coming.
  const news = element('div', 'news', { role: 'status' });
  const open = element('button', 'open-news');
  const dismiss = element('button', 'dismiss');
  dismiss.append(icon('x', 'M6 6l12 12M18 6 6 18'));
  open.addEventListener('click', () => acts.open());
  dismiss.addEventListener('click', () => acts.dismiss());
  /** What stands there now: a live region announces every change, so only what has changed is written. */
  let written = '';

  return {
    parts: [news, button],
    button,
    paint({ config, isOpen, isHidden, unread, newest }) {
      button.hidden = isHidden;
      button.className = [
        'launcher',
        config.launcherSize,
        isOpen && 'open',
        config.launcherLabel && 'worded',
        config.hideOnMobile && 'not-mobile',
      ]
        .filter(Boolean)
        .join(' ');
      button.setAttribute('aria-expanded', String(isOpen));
      label.textContent = config.launcherLabel;
      badge.hidden = isOpen || unread === 0;
      badge.textContent = unread > 9 ? `${number(words, 9)}+` : number(words, unread);
      const { title } = config;
      const closedName =
        unread === 0 ? words.say('open', { title }) : words.say('openNews', { title, count: unread });
      // What is written on the button is part of its name, for those who say what they see.
      const spoken = config.launcherLabel && !closedName.includes(config.launcherLabel);
      button.setAttribute(
        'aria-label',
        isOpen ? words.say('close') : spoken ? `${config.launcherLabel}. ${closedName}` : closedName,
      );
      dismiss.setAttribute('aria-label', words.say('dismiss'));
      const shown = isOpen || isHidden || !config.messagePreview ? null : newest;
      const wanted = shown ? `${words.language()} ${shown.id}` : '';
      if (wanted !== written) {
        written = wanted;
        news.replaceChildren(...(shown ? [open, dismiss] : []));
        if (shown) open.replaceChildren(...lines(words, shown));
      }
      news.classList.toggle('not-mobile', config.hideOnMobile);
    },
  };
}

function lines(words: LauncherWords, { name, text }: NewestMessage): HTMLElement[] {
  const who = element('strong', 'who');
  const said = element('span', 'said', { dir: 'auto' });
  who.textContent = words.say('newFrom', { name });
  said.textContent = text;
  return [who, said];
}

function number(words: LauncherWords, value: number): string {
  return new Intl.NumberFormat(words.language()).format(value);
}
