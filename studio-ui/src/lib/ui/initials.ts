/** Up to two letters that stand for a name; "?" for nobody. Works by grapheme, so that no script is cut in half. */
export function initialsOf(name: string | null | undefined): string {
  const words = (name ?? '').trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(firstGrapheme).join('');
  return letters === '' ? '?' : letters.toLocaleUpperCase();
}
const segmenter = new Intl.Segmenter();
function firstGrapheme(word: string | undefined): string {
  if (!word) return '';
  const cleaned = word.replace(/^[^\p{L}\p{N}]+/u, '') || word;
  return segmenter.segment(cleaned)[Symbol.iterator]().next().value?.segment ?? '';
}

/** A hue in degrees, the same for the same text. */
export function hueOf(text: string): number {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 100_003;
  return (hash * 47) % 360;
}
