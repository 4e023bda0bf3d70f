/** Which of the widget's languages is spoken. Shared by the loader and the frame, so it must stay small. */
export const languages = ['en', 'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl', 'ar', 'ja'] as const;
export type Language = (typeof languages)[number];

/** The first of some wishes (`de-AT`, `auto`, '') that names a language of ours. */
export function chooseLanguage(wishes: readonly (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const [code = ''] = (wish ?? '').toLowerCase().split(/[-_]/);
    const found = languages.find((language) => language === code);
    if (found) return found;
  }
  return 'en';
}

export const directionOf = (language: Language): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr');

/** A text, or one for each plural category of its language (Intl.PluralRules). */
export type Words = Readonly<Record<string, string | Readonly<Record<string, string>>>>;
export type Values = Readonly<Record<string, string | number>>;

/**
 * A text with its `{places}` filled; `count` chooses the plural. In a right-to-left language what is filled in is isolated, so
 * that a Latin name doesn't turn the sentence around.
 */
export function fill(language: Language, words: Words, key: string, values: Values = {}): string {
  const entry = words[key] ?? '';
  const text =
    typeof entry === 'string'
      ? entry
      : (entry[new Intl.PluralRules(language).select(Number(values['count'] ?? 0))] ?? entry['other'] ?? '');
  const isolate = directionOf(language) === 'rtl';
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? '';
    const shown = typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
    return isolate ? `\u2068${shown}\u2069` : shown;
  });
}
