/** An inbox's settings → what may be dialled from it. The server has the last word; this says it before the call. */
import type { CountryCode } from 'libphonenumber-js';
import type { Json } from '#domain/json.ts';
import type { Inbox } from '../../lib/api/types.ts';
import type { DialRules } from './number-words.ts';

export function dialRules(
  { settings = {} }: Pick<Inbox, 'settings'>,
  provider: 'twilio' | 'sip' | undefined,
): DialRules {
  const countries = texts(settings['countries']).map((country) => country.toUpperCase());
  const [only] = countries;
  return {
    countries,
    blocked: texts(settings['blockedPrefixes']),
    callersBack: settings['callersBack'] !== false,
    // A two-letter text that is no country simply helps nobody.
    ...(countries.length === 1 ? { country: only as CountryCode } : {}),
    takesExtensions: provider === 'sip',
  };
}
const texts = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
