/** Numbers as people type them → what is dialled, and why some aren't. Pure. */
import { parsePhoneNumberFromString as parsePhoneNumber, type CountryCode } from 'libphonenumber-js';

export type Dialled = { to: string; shown: string } | { refusal: string };

export interface DialRules {
  /** Countries that may be called, in two letters; empty where only the server knows. */
  countries: readonly string[];
  /** Beginnings of numbers that are never called. */
  blocked: readonly string[];
  /** Who has called may be called back, in any country: only the server knows who has. */
  callersBack: boolean;
  /** Where a number without a country code belongs. */
  country?: CountryCode | undefined;
  /** Extensions and names of an exchange are dialled as they are. */
  takesExtensions: boolean;
}

/** Emergency calls don't go through a browser: nobody could say where it is. */
const EMERGENCY = new Set(['110', '112', '911', '999', '000', '113', '118', '119']);

export function dialled(typed: string, rules: DialRules): Dialled {
  const text = typed.trim();
  if (text === '') return { refusal: 'Enter a number with its country code, such as +44 20 7946 0000.' };
  const bare = text.replaceAll(/[\s().\-/]/g, '');
  if (EMERGENCY.has(bare))
    return { refusal: `${bare} can’t be called from here: use a phone that tells where you are.` };
  const parsed = parsePhoneNumber(text, rules.country);
  if (parsed?.isPossible() && parsed.number.startsWith('+')) {
    const refusal = refusalOf(parsed.number, parsed.country, parsed.formatInternational(), rules);
    return refusal === null ? { to: parsed.number, shown: parsed.formatInternational() } : { refusal };
  }
  if (rules.takesExtensions && /^[\w.*#+-]{1,32}$/.test(bare)) return { to: bare, shown: bare };
  return { refusal: /^[+\d]/.test(bare) ? badNumber(bare) : `“${text}” isn’t a phone number.` };
}

function badNumber(bare: string): string {
  return bare.startsWith('+')
    ? `${bare} has too few or too many digits for its country.`
    : `Begin with the country code: +44… rather than ${bare}.`;
}
function refusalOf(
  number: string,
  country: string | undefined,
  shown: string,
  { countries, blocked, callersBack }: DialRules,
): string | null {
  if (blocked.some((start) => start !== '' && number.startsWith(start)))
    return `${shown} is among the numbers that this inbox never calls. An admin can change that in its settings.`;
  const isOpen =
    countries.length === 0 || callersBack || (country !== undefined && countries.includes(country));
  return isOpen
    ? null
    : `This inbox calls ${countries.join(', ')} only, and ${shown} isn’t there. An admin can change that in its settings.`;
}

/** "+442079460000" → "+44 20 7946 0000"; what isn't a number stays. */
export function shownNumber(number: string): string {
  const parsed = number.startsWith('+') ? parsePhoneNumber(number) : undefined;
  return parsed?.formatInternational() ?? number;
}
