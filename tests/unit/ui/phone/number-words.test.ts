import { describe, expect, it } from 'vitest';
import { endWords } from '../../../../studio-ui/src/features/phone/end-words.ts';
import { dialled, shownNumber } from '../../../../studio-ui/src/features/phone/number-words.ts';

const open = { countries: [], blocked: [], callersBack: false, takesExtensions: false };

describe('a dialled number', () => {
  it.each([
    ['+44 20 7946 0000', '+442079460000'],
    ['+1 (202) 555-0143', '+12025550143'],
    ['+49.30/901820', '+4930901820'],
  ])('%s is dialled as %s', (typed, to) => {
    expect(dialled(typed, open)).toMatchObject({ to });
  });

  it('belongs to the inbox’s country without a code', () => {
    expect(dialled('020 7946 0000', { ...open, country: 'GB' })).toMatchObject({ to: '+442079460000' });
  });

  it.each([
    ['', /country code/],
    ['020 7946 0000', /Begin with the country code/],
    ['+44 1', /too few or too many/],
    ['hello', /isn’t a phone number/],
    ['sip:a@evil.example', /isn’t a phone number/],
    ['112', /use a phone that tells where you are/],
    ['9-1-1', /use a phone that tells where you are/],
  ])('%s is refused in words', (typed, words) => {
    expect(dialled(typed, open)).toMatchObject({ refusal: expect.stringMatching(words) });
  });

  it('goes only where the inbox may call', () => {
    const rules = { ...open, countries: ['GB', 'DE'], blocked: ['+49900'] };
    expect(dialled('+4930901820', rules)).toMatchObject({ to: '+4930901820' });
    expect(dialled('+12025550143', rules)).toMatchObject({
      refusal: expect.stringMatching(/calls GB, DE only, and \+1 202 555 0143 isn’t there/),
    });
    expect(dialled('+499001234567', rules)).toMatchObject({ refusal: expect.stringMatching(/never calls/) });
    // Whether somebody has called is the server's to know.
    expect(dialled('+12025550143', { ...rules, callersBack: true })).toHaveProperty('to');
  });

  it('may be an extension of an exchange, but no address with a host of its own', () => {
    const pbx = { ...open, countries: ['GB'], takesExtensions: true };
    expect(dialled('201', pbx)).toMatchObject({ to: '201' });
    expect(dialled('*98', pbx)).toMatchObject({ to: '*98' });
    expect(dialled('ben@evil.example', pbx)).toHaveProperty('refusal');
    expect(dialled('+12025550143', pbx)).toHaveProperty('refusal');
    expect(dialled('999', pbx)).toHaveProperty('refusal');
  });

  it('is shown in groups', () => {
    expect(shownNumber('+442079460000')).toBe('+44 20 7946 0000');
    expect(shownNumber('ben')).toBe('ben');
  });
});

describe('the end of a call', () => {
  it('is said to whom it concerns', () => {
    const out = { direction: 'out', answeredAtMs: null } as const;
    const incoming = { direction: 'in', answeredAtMs: null } as const;
    expect(endWords(out, 'Ben', { reason: 'busy' })).toBe('Ben is on another call.');
    expect(endWords(out, 'Ben', { reason: 'failed', code: '503' })).toContain('(503)');
    expect(endWords(out, 'Ben', { reason: 'cancelled' })).toBeNull();
    expect(endWords(incoming, 'Ben', { reason: 'cancelled' })).toBe('You missed a call from Ben.');
    expect(endWords(incoming, 'Ben', { reason: 'answered_elsewhere' })).toContain('answered elsewhere');
    expect(endWords(out, 'Ben', { reason: 'completed' })).toBeNull();
  });
});
