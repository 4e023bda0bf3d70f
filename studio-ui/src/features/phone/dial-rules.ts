/** An inbox's settings → what may be dialled from it. The server has the last word; this says it before the call. */
import type { CountryCode } from 'libphonenumber-js';
import type { Json } from '#domain/json.ts';
import type { Inbox } from '../../lib/api/types.ts';
import type { DialRules } from './number-words.ts';

/** `takesExtensions`: an exchange's own numbers are fine, as they are for handing a call over. */
export function dialRules({ settings = {} }: Pick<Inbox, 'settings'>, takesExtensions: boolean): DialRules {
  const countries = texts(settings['countries']).map((country) => country.toUpperCase());
  const [only] = countries;
  return {
    countries,
    blocked: texts(settings['blockedPrefixes']),
    callersBack: settings['callersBack'] !== false,
    // A two-letter text that is no country simply helps nobody.
    ...(countries.length === 1 ? { country: only as CountryCode } : {}),
    takesExtensions,
  };
}
const texts = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
