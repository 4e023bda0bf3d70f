/** Where an inbox may call. Calls cost money, and premium numbers pay whoever has them called: what isn't allowed is refused. Pure. */
import { parsePhoneNumberFromString, type CountryCode, type PhoneNumber } from 'libphonenumber-js/max';
import type { VoiceSettings } from './definition.ts';

export type Destination =
  | { kind: 'allowed'; number: string; country: string | null }
  | { kind: 'refused'; code: string; message: string };

const refused = (code: string, message: string): Destination => ({ kind: 'refused', code, message });

/** Numbers that cost the caller more, or more than a call. */
const COSTLY = new Set(['PREMIUM_RATE', 'SHARED_COST', 'UAN', 'PERSONAL_NUMBER', 'VOICEMAIL', 'PAGER']);
/** Country codes of no country: satellites, international networks and services, all dear. */
const NO_COUNTRY = /^\+(?:87[0-9]|88[1-3]|888|878|97[0-9]9|979|800|808)/;

/**
 * @param own the inbox's number, E.164: numbers without a country code are read as dialled from there
 * @param calledBefore whether this number has called the inbox: asked only where it decides
 */
export function destinationOf(
  text: string,
  own: string,
  settings: Pick<VoiceSettings, 'countries' | 'blockedPrefixes' | 'callersBack'>,
  calledBefore: boolean,
): Destination {
  const home = parsePhoneNumberFromString(own)?.country;
  const read = parsePhoneNumberFromString(text.trim(), home);
  if (!read || !read.isValid() || read.ext !== undefined)
    return refused('bad_number', 'This is no phone number that can be called. Nothing was dialled.');
  const { number } = read;
  if (number === own) return refused('own_number', 'This is the inbox’s own number. Nothing was dialled.');
  if (settings.blockedPrefixes.some((prefix) => isPrefix(prefix, number)))
    return refused(
      'blocked',
      `This inbox never calls ${number}: an admin has blocked such numbers. Nothing was dialled.`,
    );
  if (isCostly(read))
    return refused(
      'premium',
      `${number} costs more than a call. Such numbers are never called. Nothing was dialled.`,
    );
  const country = read.country ?? null;
  if (country !== null && allowedCountries(settings.countries, home).has(country))
    return { kind: 'allowed', number, country };
  if (settings.callersBack && calledBefore) return { kind: 'allowed', number, country };
  return refused(
    'country',
    `This inbox doesn’t call ${country ?? 'numbers of no country'}. An admin can allow the country in the inbox’s settings. Nothing was dialled.`,
  );
}

function isPrefix(prefix: string, number: string): boolean {
  const digits = prefix.replace(/[^\d]/g, '').replace(/^00/, '');
  return digits !== '' && number.startsWith(`+${digits}`);
}

function isCostly(read: PhoneNumber): boolean {
  const type = read.getType();
  return (type !== undefined && COSTLY.has(type)) || NO_COUNTRY.test(read.number);
}

function allowedCountries(countries: readonly string[], home: CountryCode | undefined): Set<string> {
  const named = countries.map((country) => country.trim().toUpperCase()).filter((country) => country !== '');
  return new Set(named.length > 0 ? named : home === undefined ? [] : [home]);
}
