/** Toll fraud: where a call may go. */
import { describe, expect, test } from 'vitest';
import { destinationOf } from '#channels/voice/destinations.ts';

const own = '+493012345678';
const usual = { countries: [] as string[], blockedPrefixes: [] as string[], callersBack: true };
const codeOf = (text: string, settings: Partial<typeof usual> = {}, calledBefore = false): string => {
  const found = destinationOf(text, own, { ...usual, ...settings }, calledBefore);
  return found.kind === 'allowed' ? found.number : found.code;
};

describe('by default', () => {
  test.each([
    ['+49 30 901820', '+4930901820'],
    ['030 901820', '+4930901820'],
    ['0049 30 901820', '+4930901820'],
  ])('the own country may be called: %s', (text, number) => expect(codeOf(text)).toBe(number));
  test.each(['+442071838750', '+12025550143', '0044 20 7183 8750'])('no other: %s', (text) =>
    expect(codeOf(text)).toBe('country'),
  );
  test('but who has called may be called back, from anywhere', () =>
    expect(codeOf('+442071838750', {}, true)).toBe('+442071838750'));
});

test.each([
  ['premium', '+499001234567'],
  ['premium, dialled as at home', '0900 1234567'],
  ['shared cost', '+491801234567'],
  ['satellite', '+881612345678'],
  ['international premium', '+979123456789'],
  ['international networks', '+882161234567'],
])('%s numbers are never called, allowed country or not, called before or not', (_, text) => {
  expect(codeOf(text, { countries: ['DE', 'GB'] }, true)).not.toMatch(/^\+/);
});

test.each([
  '',
  'hello',
  '123',
  '110',
  '+49',
  '*#06#',
  '+4930901820;ext=5',
  'sip:eve@example.org',
  '+4930901820,,,1',
])('what is no number isn’t dialled: %j', (text) => expect(codeOf(text)).toBe('bad_number'));

test('the inbox’s own number isn’t called', () => expect(codeOf(own)).toBe('own_number'));

test('countries are those named, in whatever case', () => {
  expect(codeOf('+442071838750', { countries: ['gb '] })).toBe('+442071838750');
  expect(codeOf('+4930901820', { countries: ['GB'] })).toBe('country');
  // One that shares a country code is another one.
  expect(codeOf('+18764660123', { countries: ['US'] })).toBe('country');
});

test('prefixes are blocked however they are written, also for callers', () => {
  for (const prefix of ['+4930', '004930', '4930', '+49 30'])
    expect(codeOf('+4930901820', { blockedPrefixes: [prefix] }, true)).toBe('blocked');
  expect(codeOf('+4930901820', { blockedPrefixes: ['', '+', '+4989'] })).toBe('+4930901820');
});

test('calling back can be switched off', () =>
  expect(codeOf('+442071838750', { callersBack: false }, true)).toBe('country'));
