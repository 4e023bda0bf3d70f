/** How Twilio signs: base64 HMAC-SHA1, keyed by the auth token, over the configured URL and every field of a form. */
import { createHash, createHmac } from 'node:crypto';
import type { RawRequest, Verdict } from '../contract.ts';
import { constantTimeEquals } from '../hmac.ts';

export type FormField = readonly [name: string, value: string];

/** The fields of a form in the order they came. */
export function formFields(body: Uint8Array): FormField[] {
  return [...new URLSearchParams(new TextDecoder().decode(body))];
}

/** Names sorted, each followed by its value; several values of one name sorted, repeated ones once. */
export function twilioSignature(authToken: string, url: string, fields: readonly FormField[]): string {
  const valuesOf = new Map<string, Set<string>>();
  for (const [name, value] of fields) valuesOf.set(name, (valuesOf.get(name) ?? new Set()).add(value));
  const names = [...valuesOf.keys()].sort();
  const joined = names.flatMap((name) => [...(valuesOf.get(name) ?? [])].sort().map((value) => name + value));
  return createHmac('sha1', authToken)
    .update(url + joined.join(''), 'utf8')
    .digest('base64');
}

/** Bodies that are no form: their URL names the hash of the bytes, and only the URL is signed. */
export function bodyHash(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}
export function signedBodyHash(url: string): string | null {
  return URL.canParse(url) ? new URL(url).searchParams.get('bodySHA256') : null;
}

/** @param tokens the account's auth tokens: the primary one, and a second while they are being exchanged */
export function verifyTwilio(tokens: readonly (string | undefined)[], request: RawRequest): Verdict {
  const given = request.headers['x-twilio-signature'];
  if (given === undefined || given === '')
    return reject('signature_missing', 'X-Twilio-Signature is missing.');
  const hash = signedBodyHash(request.url);
  const bodyFits = hash === null || constantTimeEquals(hash, bodyHash(request.body));
  const fields = hash === null ? formFields(request.body) : [];
  const signed = tokens
    .filter((token): token is string => token !== undefined && token !== '')
    .flatMap((token) => urlsOf(request.url).map((url) => twilioSignature(token, url, fields)));
  const matches = signed.filter((signature) => constantTimeEquals(given, signature));
  return bodyFits && matches.length > 0
    ? { kind: 'ok' }
    : reject(
        'signature_wrong',
        'The signature fits neither this address nor the auth token of this inbox. Is PUBLIC_URL the address that Twilio calls?',
      );
}

/** Twilio signs the URL as it was configured, but some of its parts add or leave out the usual port. */
function urlsOf(url: string): string[] {
  const [, scheme = '', host = '', rest = ''] = /^(https?:\/\/)([^/?#]*)([\s\S]*)$/i.exec(url) ?? [];
  if (scheme === '') return [url];
  const bare = host.replace(/:\d+$/, '');
  const port = /:\d+$/.exec(host)?.[0] ?? (scheme.toLowerCase() === 'https://' ? ':443' : ':80');
  return [`${scheme}${bare}${rest}`, `${scheme}${bare}${port}${rest}`];
}

function reject(code: string, message: string): Verdict {
  return { kind: 'reject', status: 401, code, message };
}
