/** Ids of the real forms: what an adapter may not take apart, round or sort by. */
import { createHash, randomBytes, randomInt } from 'node:crypto';

/** Digits only, the first not 0; 17 of them are beyond 2^53. */
export function numericId(length: number, prefix = ''): string {
  let digits = prefix;
  while (digits.length < length) digits += String(randomInt(digits === '' ? 1 : 0, 10));
  return digits;
}
/** The same for the same seed: a person's id at another product of Meta. */
export function derivedId(length: number, seed: string, prefix = ''): string {
  const digits = BigInt(`0x${createHash('sha256').update(seed).digest('hex')}`).toString();
  return (prefix + digits.replace(/^0+/, '')).slice(0, length);
}

export const pageScopedId = (): string => numericId(17, '9');
export const instagramScopedId = (): string => numericId(16, '1');
export const mediaId = (): string => numericId(17, '1784');
export const whatsAppMediaId = (): string => numericId(16);
export const traceId = (): string => `A${randomBytes(16).toString('base64url')}`;
export const messengerMid = (): string => `m_${randomBytes(64).toString('base64url')}`;
export const instagramMid = (): string =>
  `aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEO${randomBytes(90).toString('base64url')}`;
export const wamid = (waId: string): string =>
  `wamid.HBgL${Buffer.from(`${waId}\u0015\u0002\u0012\u0018`).toString('base64').replace(/=+$/, '')}${randomBytes(15).toString('base64')}`;

/** Numbers and user ids the double makes up begin so: it knows them again after a restart. */
export const MADE_UP_PHONE = '155501';
export const customerPhone = (): string => numericId(11, MADE_UP_PHONE);
export const businessScopedUserId = (phone: string): string => `US.${derivedId(20, `bsuid/${phone}`, '13')}`;
