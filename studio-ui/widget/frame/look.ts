/** The inbox's colour and theme on the page. The colour is anybody's choice; what stands on it and is written in it is made readable. */
import { readableOn, readableText } from '#domain/contrast.ts';
import { chooseLanguage, type Language } from '../language.ts';
import type { TeloringTheme } from '../teloring.d.ts';
import type { Facts } from './wire.ts';

/** As in frame.css. */
const surface = { light: '#ffffff', dark: '#1b1c23' } as const;

export function applyLook({ accentColor }: Pick<Facts, 'accentColor'>, theme: TeloringTheme): void {
  const root = document.documentElement;
  const onAccent = readableOn(accentColor);
  root.style.setProperty('--brand', accentColor);
  root.style.setProperty('--on-brand', onAccent);
  root.style.setProperty('--brand-shade', onAccent === '#ffffff' ? 'black' : 'white');
  const [light, dark] = [readableText(accentColor, surface.light), readableText(accentColor, surface.dark)];
  root.style.setProperty('--brand-text', `light-dark(${light}, ${dark})`);
  if (theme === 'light' || theme === 'dark') root.dataset['theme'] = theme;
  else delete root.dataset['theme'];
}

/** What the page around asked for by our address; a frame opened alone follows the inbox and the browser. */
export function askedLook(facts: Pick<Facts, 'theme' | 'language'>): {
  language: Language;
  theme: TeloringTheme;
} {
  const search = new URLSearchParams(location.search);
  const theme = search.get('theme');
  return {
    language: chooseLanguage([search.get('language'), facts.language, ...navigator.languages]),
    theme: theme === 'light' || theme === 'dark' || theme === 'auto' ? theme : facts.theme,
  };
}
