/** Cuts text at http(s) addresses. Trailing punctuation belongs to the sentence. Pure. */
export interface LinkPiece {
  text: string;
  href?: string;
}
const address = /https?:\/\/[^\s<>"']+/g;

export function linkPieces(text: string): LinkPiece[] {
  const pieces: LinkPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(address)) {
    const url = match[0].replace(/[.,;:!?)\]}]+$/, '');
    if (!URL.canParse(url)) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index) });
    pieces.push({ text: url, href: url });
    from = match.index + url.length;
  }
  if (from < text.length || pieces.length === 0) pieces.push({ text: text.slice(from) });
  return pieces;
}
