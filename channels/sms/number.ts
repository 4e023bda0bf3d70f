import { parsePhoneNumberFromString } from 'libphonenumber-js';

/**
 * The number in E.164, read as dialled from the country of `from` where it has no country code. What is no possible number (a short
 * code, a sender's name) stays as it is, for Twilio to judge.
 */
export function toE164(text: string, from?: string): string {
  const trimmed = text.trim();
  const country = from === undefined ? undefined : parsePhoneNumberFromString(from)?.country;
  const read = parsePhoneNumberFromString(trimmed, country);
  return read?.isPossible() ? read.number : trimmed;
}

export function isE164(text: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(text);
}

/** As people write it: `+1 555 123 4567`. */
export function readableNumber(number: string): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}
