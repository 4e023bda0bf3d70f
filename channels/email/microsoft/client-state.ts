/** What our notifications carry: whose they are, and a secret that only Microsoft and we know. */
import { randomBytes } from 'node:crypto';
import { constantTimeEquals } from '../../hmac.ts';

/** At most 128 characters, as Microsoft wants it. */
export function newClientState(inboxId: string): string {
  return `${inboxId}.${randomBytes(32).toString('base64url')}`;
}

/** Whose it says it is; not proved yet. */
export function inboxOfState(clientState: string): string | null {
  const [, id] = /^([0-9a-f-]{36})\.[\w-]{20,80}$/.exec(clientState) ?? [];
  return id ?? null;
}

export function isClientState(expected: string | undefined, given: string): boolean {
  return expected !== undefined && expected !== '' && constantTimeEquals(expected, given);
}
