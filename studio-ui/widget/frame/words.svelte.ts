/** The chat's words in the language that is spoken now. English is built in; another language is one file, loaded when chosen. */
import { directionOf, fill, type Language, type Values, type Words } from '../language.ts';
import { frame as english, type FrameWord } from '../words/en.ts';

const languageFiles: Record<Exclude<Language, 'en'>, () => Promise<{ frame: Words }>> = {
  de: () => import('../words/de.ts'),
  fr: () => import('../words/fr.ts'),
  es: () => import('../words/es.ts'),
  pt: () => import('../words/pt.ts'),
  it: () => import('../words/it.ts'),
  nl: () => import('../words/nl.ts'),
  pl: () => import('../words/pl.ts'),
  ar: () => import('../words/ar.ts'),
  ja: () => import('../words/ja.ts'),
};

let spoken = $state.raw<{ language: Language; words: Words }>({ language: 'en', words: english });
let wanted: Language = 'en';

export type Say = (key: FrameWord, values?: Values) => string;

export const say: Say = (key, values) => fill(spoken.language, spoken.words, key, values);
export const language = (): Language => spoken.language;

/** Resolves when it is spoken; where its file can't be had, what was spoken before stays. */
export async function speak(language: Language): Promise<void> {
  wanted = language;
  try {
    const words = language === 'en' ? english : (await languageFiles[language]()).frame;
    // Another was chosen meanwhile.
    if (wanted !== language) return;
    spoken = { language, words };
    document.documentElement.lang = language;
    document.documentElement.dir = directionOf(language);
  } catch {
    // Words are no reason to show nothing.
  }
}
