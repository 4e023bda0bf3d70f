/** Signatures against Twilio's own SDK, so that adapter and double can't share one mistake. */
import * as fc from 'fast-check';
import twilio from 'twilio';
import { describe, expect, test } from 'vitest';
import type { RawRequest } from '#channels/contract.ts';
import { bodyHash, formFields, twilioSignature, verifyTwilio } from '#channels/sms/signature.ts';
import { bodies, formOf } from './bodies.ts';

const token = '0123456789abcdef0123456789abcdef';
const url = 'https://teloring.example/webhooks/twilio/0199a1b2-0000-7000-8000-000000000001/sms';

function requestOf(body: string, signature: string, at = url): RawRequest {
  return {
    method: 'POST',
    url: at,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
    body: Buffer.from(body),
    receivedAtMs: 0,
  };
}
/** As the SDK wants a form: several values of one name are an array. */
function paramsOf(body: string): Record<string, string | string[]> {
  const form = new URLSearchParams(body);
  const params: Record<string, string | string[]> = {};
  for (const name of form.keys()) {
    const values = form.getAll(name);
    params[name] = values.length > 1 ? values : (values[0] ?? '');
  }
  return params;
}
const ours = (body: string, at = url): string => twilioSignature(token, at, formFields(Buffer.from(body)));
const accepts = (
  body: string,
  signature: string,
  at = url,
  tokens: (string | undefined)[] = [token],
): boolean => verifyTwilio(tokens, requestOf(body, signature, at)).kind === 'ok';

describe('what we sign and what we take is what the SDK does', () => {
  test.each(Object.entries(bodies))('%s', (_, fields) => {
    const body = formOf(fields);
    expect(twilio.validateRequest(token, ours(body), url, fields)).toBe(true);
    expect(accepts(body, twilio.getExpectedTwilioSignature(token, url, fields))).toBe(true);
  });

  test.each([
    ['several values of a name', 'A=2&A=1&A=2&B=x'],
    ['empty values', 'Body=&FromCity=&A'],
    ['an empty body', ''],
    ['no ASCII', formOf({ Body: 'Grüße 😊 你好', Straße: 'ß' })],
    ['names that sort by case', 'b=1&B=2&a=3&A=4'],
    ['a plus and a space', 'Body=1+%2B+1%20%3D%202'],
  ])('%s', (_, body) => {
    const signature = twilio.getExpectedTwilioSignature(token, url, paramsOf(body));
    expect(accepts(body, signature)).toBe(true);
    expect(ours(body)).toBe(signature);
  });

  test('any form', () => {
    const name = fc.stringMatching(/^[A-Za-zäß_][\w ]{0,12}$/).filter((text) => text !== '__proto__');
    const fields = fc.array(fc.tuple(name, fc.string({ unit: 'grapheme' })), { maxLength: 12 });
    fc.assert(
      fc.property(fields, (pairs) => {
        const body = new URLSearchParams(pairs).toString();
        const signature = twilio.getExpectedTwilioSignature(token, url, paramsOf(body));
        expect(accepts(body, signature)).toBe(true);
      }),
    );
  });

  test.each([
    'https://t.example/a',
    'https://t.example:443/a',
    'http://t.example/a?x=1',
    'http://t.example:80/a',
    'https://t.example:8443/a',
  ])('with and without the port: %s', (configured) => {
    const body = 'MessageSid=SM1';
    const port = configured.startsWith('https') ? ':443' : ':80';
    const withPort = /:\d+\//.test(configured)
      ? configured
      : configured.replace('.example', `.example${port}`);
    const withoutPort = configured.replace(/:\d+\//, '/');
    for (const signedAs of [withPort, withoutPort]) {
      const signature = twilio.getExpectedTwilioSignature(token, signedAs, { MessageSid: 'SM1' });
      expect(accepts(body, signature, configured)).toBe(true);
      expect(twilio.validateRequest(token, signature, configured, { MessageSid: 'SM1' })).toBe(true);
    }
  });

  test('JSON goes by the hash in its URL', () => {
    const body = JSON.stringify({ MessageSid: 'SM1', From: '+15551234567', Body: 'Grüße' });
    const hashed = `${url}?bodySHA256=${bodyHash(Buffer.from(body))}`;
    const signature = twilioSignature(token, hashed, []);
    expect(twilio.validateRequestWithBody(token, signature, hashed, body)).toBe(true);
    expect(accepts(body, signature, hashed)).toBe(true);
    expect(accepts(`${body} `, signature, hashed)).toBe(false);
    expect(accepts(body, signature, `${url}?bodySHA256=${bodyHash(Buffer.from('{}'))}`)).toBe(false);
    // Without the hash nothing would prove the body.
    expect(accepts(body, twilioSignature(token, url, []))).toBe(false);
  });
});

describe('nothing else is taken', () => {
  const body = formOf(bodies.image);

  test('no change of what a form says', () => {
    const said = (form: string): string => JSON.stringify([...new URLSearchParams(form)]);
    const bytes = Buffer.from(body);
    const signature = ours(body);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ change : byte)));
        fc.pre(said(altered.toString()) !== said(body));
        // Twilio's scheme joins names and values without a mark between them: what joins to the same is the same to its SDK too.
        const text = altered.toString();
        const sdk = twilio.validateRequest(token, signature, url, paramsOf(text));
        expect(verifyTwilio([token], { ...requestOf('', signature), body: altered }).kind === 'ok').toBe(sdk);
      }),
      { numRuns: 2_000 },
    );
    for (const [name, value] of Object.entries(bodies.image))
      expect(accepts(formOf({ ...bodies.image, [name]: `${value}x` }), signature)).toBe(false);
    expect(accepts(`${body}&NumMedia=9`, signature)).toBe(false);
    expect(accepts(`${body}&New=1`, signature)).toBe(false);
  });

  test('another path, host, query or token', () => {
    const signature = ours(body);
    for (const other of [
      `${url}/`,
      url.replace('/sms', '/status'),
      `${url}?key=1`,
      url.replace('teloring.', 'x.'),
    ])
      expect(accepts(body, signature, other)).toBe(false);
    expect(accepts(body, signature, url, ['another token', undefined, ''])).toBe(false);
    expect(accepts(body, twilioSignature('', url, formFields(Buffer.from(body))), url, [undefined, ''])).toBe(
      false,
    );
  });

  test('either of two tokens while they are being exchanged', () => {
    expect(accepts(body, ours(body), url, ['a new token', token])).toBe(true);
    expect(accepts(body, ours(body), url, [token, 'an old token'])).toBe(true);
  });
});
