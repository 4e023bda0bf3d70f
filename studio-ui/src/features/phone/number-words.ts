/** Numbers as people type them → what is dialled, and why some aren't. Pure. */
import parsePhoneNumber, { type CountryCode } from 'libphonenumber-js';

export type Dialled = { to: string; shown: string } | { refusal: string };

export interface DialRules {
  /** E.164 beginnings ("+49") that may be called; empty allows every one. */
  allowed: readonly string[];
  /** Where a number without a country code belongs. */
  country?: CountryCode | undefined;
  /** Extensions and names of a PBX are dialled as they are. */
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
    return isAllowed(parsed.number, rules.allowed)
      ? { to: parsed.number, shown: parsed.formatInternational() }
      : { refusal: `Calls to ${parsed.formatInternational()} aren’t allowed by this inbox. ${mayCall(rules.allowed)}` };
  }
  if (rules.takesExtensions && /^[\w.*#+-]{1,32}$/.test(bare)) return { to: bare, shown: bare };
  return { refusal: /^[+\d]/.test(bare) ? badNumber(bare) : `“${text}” isn’t a phone number.` };
}

function badNumber(bare: string): string {
  return bare.startsWith('+')
    ? `${bare} has too few or too many digits for its country.`
    : `Begin with the country code: +44… rather than ${bare}.`;
}
function mayCall(allowed: readonly string[]): string {
  return `It may call ${allowed.join(', ')}; an admin can change that in the inbox’s settings.`;
}
export function isAllowed(number: string, allowed: readonly string[]): boolean {
  return allowed.length === 0 || allowed.some((start) => number.startsWith(start.replaceAll(' ', '')));
}

/** "+442079460000" → "+44 20 7946 0000"; what isn't a number stays. */
export function shownNumber(number: string): string {
  const parsed = number.startsWith('+') ? parsePhoneNumber(number) : undefined;
  return parsed?.formatInternational() ?? number;
}
