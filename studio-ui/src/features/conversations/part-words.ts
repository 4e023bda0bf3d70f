/** Parts that are named rather than shown. Pure. */
import type { Json } from '#domain/json.ts';
import { toText } from '#domain/flow/path.ts';

/** The provider's own name of it, made readable: "story_mention" → "A story mention." */
export function unsupportedWords(what: string): string {
  const words = readable(what);
  if (words === '') return 'Something that this channel calls by no name.';
  return /^(a|an|the) /i.test(words) ? `${capital(words)}.` : `${article(words)} ${words}.`;
}
export function callWords(event: string): string {
  const words = readable(event);
  if (words === '') return 'Call';
  return /\bcall\b/i.test(words) ? capital(words) : `Call: ${words}`;
}
/** The values of a template's places, in order; other shapes are the provider's own and not listed. */
export function templateValues(params: Json | undefined): string[] {
  if (Array.isArray(params)) return params.map(toText);
  if (params === null || typeof params !== 'object') return [];
  return Array.isArray(params['body']) ? params['body'].map(toText) : [];
}

const readable = (text: string): string => text.replaceAll(/[_-]+/g, ' ').trim();
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const article = (words: string): string => (/^[aeiou]/i.test(words) ? 'An' : 'A');
