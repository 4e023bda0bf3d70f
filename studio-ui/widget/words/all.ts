/** Every language at once: for the build and the tests, never for a browser. */
import type { Language } from '../language.ts';
import * as ar from './ar.ts';
import * as de from './de.ts';
import * as en from './en.ts';
import * as es from './es.ts';
import * as fr from './fr.ts';
import * as it from './it.ts';
import * as ja from './ja.ts';
import * as nl from './nl.ts';
import * as pl from './pl.ts';
import * as pt from './pt.ts';
import type { FrameWords, LauncherWords } from './shape.ts';

export const allWords: Readonly<Record<Language, { launcher: LauncherWords; frame: FrameWords }>> = {
  en,
  de,
  fr,
  es,
  pt,
  it,
  nl,
  pl,
  ar,
  ja,
};
