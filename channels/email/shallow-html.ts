/** HTML that costs little to read: cut where it is longer, or nested deeper, than any mail of people. Linear. */
import sanitize from 'sanitize-html';

/** Closed by their parent or by themselves: old mail programs leave them open by the thousand. */
const unclosed: ReadonlySet<string> = new Set(
  'area base br col dd dt embed hr img input li link meta option p param source tbody td tfoot th thead tr track wbr'.split(
    ' ',
  ),
);
const DEEPEST = 400;

export function shallowHtml(html: string, longest: number): string {
  const cut = html.slice(0, longest);
  let depth = 0;
  for (const match of cut.matchAll(/<(\/?)([a-z][a-z0-9]{0,20})/gi)) {
    const [, slash = '', name = ''] = match;
    if (unclosed.has(name.toLowerCase())) continue;
    depth = slash === '' ? depth + 1 : Math.max(0, depth - 1);
    if (depth > DEEPEST) return cut.slice(0, match.index);
  }
  return cut;
}

/** What the parser itself may have open at once: its work for each tag grows with it. Comments and attributes deceive `shallowHtml`. */
const MOST_OPEN = 1_000;

class TooDeep extends Error {
  override name = 'TooDeep';
}

/** Sanitizes what `shallowHtml` leaves. Of HTML that is nested too deep all the same only the words are left. */
export function sanitizeShallow(html: string, longest: number, options: sanitize.IOptions): string {
  const cut = shallowHtml(html, longest);
  let open = 0;
  try {
    return sanitize(cut, {
      ...options,
      onOpenTag: () => {
        open += 1;
        if (open > MOST_OPEN) throw new TooDeep();
      },
      onCloseTag: () => {
        open -= 1;
      },
    });
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    return sanitize(cut.replaceAll(/<[^<>]*>?/g, ' '), options);
  }
}
