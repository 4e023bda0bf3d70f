/** Looks at a page as somebody does who sees little or nothing: contrast of texts, names of controls. Runs in the browser. */
import type { Frame } from 'playwright-core';

/** Texts on screen whose contrast with what is behind them is below WCAG's 4.5 (3 for large ones). */
export function unreadableTexts(frame: Frame): Promise<string[]> {
  return frame.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (!canvas) throw new Error('No canvas.');
    /** Any CSS colour as red, green, blue, alpha. */
    const rgba = (color: string): number[] => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color: number[]): number => {
      const [red = 0, green = 0, blue = 0] = color.slice(0, 3).map((channel) => {
        const value = channel / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element: Element): number[] => {
      for (let at: Element | null = element; at; at = at.parentElement) {
        const color = rgba(getComputedStyle(at).backgroundColor);
        if ((color[3] ?? 0) > 250) return color;
      }
      return [255, 255, 255, 255];
    };
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (!element || text === '' || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      if (box.width < 2 || box.height < 2 || style.visibility === 'hidden') continue;
      const [a, b] = [luminance(rgba(style.color)), luminance(behind(element))].sort(
        (one, other) => one - other,
      );
      const ratio = ((b ?? 0) + 0.05) / ((a ?? 0) + 0.05);
      if (ratio < (Number.parseFloat(style.fontSize) >= 24 ? 3 : 4.5))
        found.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return found;
  });
}

/** What can be operated and has no name. */
export function unnamedControls(frame: Frame): Promise<string[]> {
  return frame.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'button, a[href], input:not([type=file]), select, textarea, [role=log]',
      ),
    ]
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const label =
          element.id === '' ? null : document.querySelector(`label[for="${CSS.escape(element.id)}"]`);
        const name =
          element.getAttribute('aria-label') ??
          label?.textContent ??
          element.closest('label')?.textContent ??
          element.textContent;
        return (name ?? '').trim() === '';
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}
