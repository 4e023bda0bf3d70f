/** HTML that costs little to read: cut where it is longer, or nested deeper, than any mail of people. Linear. */

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
