/** Texts an admin writes for visitors: one for everybody, or one per language. */
export type LocalizedText = string | { [language: string]: string };

/**
 * The text for a visitor's language (`de-AT`): that very one, else its base language (`de`), else the fallback's, else the first
 * there is. '' where nothing is written.
 */
export function localized(text: LocalizedText, language: string | null, fallback = 'en'): string {
  if (typeof text === 'string') return text;
  const byTag = new Map(Object.entries(text).map(([tag, words]) => [tag.toLowerCase(), words]));
  for (const tag of [language ?? '', fallback]) {
    const lower = tag.toLowerCase();
    const found = byTag.get(lower) ?? byTag.get(lower.split('-')[0] ?? '');
    if (found !== undefined && found !== '') return found;
  }
  return Object.values(text).find((words) => words !== '') ?? '';
}

/** Whether anything is written in any language. */
export function isWritten(text: LocalizedText): boolean {
  return localized(text, null) !== '';
}
