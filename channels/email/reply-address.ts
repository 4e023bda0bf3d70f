/** Addresses that name a conversation's thread: `reply+<thread>.<signature>@domain`. Nobody makes one without the deployment's key. */
import { createHmac } from 'node:crypto';
import { constantTimeEquals } from '../hmac.ts';
import { domainOf } from './addresses.ts';

/** 80 bits; with the thread's 128 and the prefix it stays below the 64 characters of a local part. */
const SIGNATURE_LENGTH = 20;
const pattern = /^(?:reply|[^+@\s]{1,30})\+([0-9a-f]{32})\.([0-9a-f]{20})$/;

/** Null where nothing can sign, or the thread is no email thread's id. */
export function replyAddress(
  keys: readonly Uint8Array[],
  inbox: { id: string },
  threadKey: string,
  domain: string,
): string | null {
  const [key] = keys;
  const thread = threadKey.replaceAll('-', '').toLowerCase();
  if (!key || !/^[0-9a-f]{32}$/.test(thread)) return null;
  return `reply+${thread}.${signatureOf(key, inbox.id, thread)}@${domain}`;
}

/** The thread that an address of this inbox names; null where it names none, or isn't signed by us for this inbox. */
export function readReplyAddress(
  keys: readonly Uint8Array[],
  inbox: { id: string },
  address: string,
): string | null {
  const [, thread, signature] = pattern.exec(address.slice(0, address.lastIndexOf('@')).toLowerCase()) ?? [];
  if (thread === undefined || signature === undefined) return null;
  const genuine = keys.some((key) => constantTimeEquals(signature, signatureOf(key, inbox.id, thread)));
  return genuine ? thread.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : null;
}

/** What looks like a reply address of a domain: whose it is, only its inbox's check can say. */
export function threadInReplyAddress(address: string, domain: string): string | null {
  if (domainOf(address.toLowerCase()) !== domain.toLowerCase()) return null;
  const [, thread] = pattern.exec(address.slice(0, address.lastIndexOf('@')).toLowerCase()) ?? [];
  return thread === undefined ? null : thread.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Whether it looks like one, of whatever installation. */
export function isReplyAddress(address: string): boolean {
  return pattern.test(address.slice(0, address.lastIndexOf('@')).toLowerCase());
}

function signatureOf(key: Uint8Array, inboxId: string, thread: string): string {
  return createHmac('sha256', key).update(`${inboxId}\n${thread}`).digest('hex').slice(0, SIGNATURE_LENGTH);
}
