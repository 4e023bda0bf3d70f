/** The launcher's words. English is built in; another language is one small file, asked for when it is chosen. */
import { fill, type Language, type Values, type Words } from '../language.ts';
import { launcher as english, type LauncherWord } from '../words/en.launcher.ts';

export interface LauncherWords {
  say(key: LauncherWord, values?: Values): string;
  language(): Language;
  /** `changed` is called when the words are there; where they can't be had, English stays. */
  use(language: Language, changed: () => void): void;
}

export function createWords(base: URL): LauncherWords {
  let wanted: Language = 'en';
  let spoken: Language = 'en';
  let words: Words = english;
  return {
    say: (key, values) => fill(spoken, words[key] === undefined ? english : words, key, values),
    language: () => spoken,
    use(language, changed) {
      wanted = language;
      const load = language === 'en' ? Promise.resolve(english) : ask(base, language);
      void load.then((loaded) => {
        if (wanted !== language || !loaded) return;
        [spoken, words] = [language, loaded];
        changed();
      });
    },
  };
}

async function ask(base: URL, language: Language): Promise<Words | null> {
  try {
    const response = await fetch(new URL(`live-chat/assets/launcher-${language}.json`, base), {
      credentials: 'omit',
    });
    return response.ok ? ((await response.json()) as Words) : null;
  } catch {
    return null;
  }
}
