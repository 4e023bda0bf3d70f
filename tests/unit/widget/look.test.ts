import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contrast, READABLE, readableOn, readableText } from '#domain/contrast.ts';
import { chooseLanguage, directionOf } from '../../../studio-ui/widget/language.ts';

const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

describe('colours', () => {
  it('have the contrast that WCAG computes', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#ffffff', '#ffffff')).toBe(1);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });

  it('carry readable text, whatever the colour', () => {
    fc.assert(fc.property(color, (accent) => contrast(readableOn(accent), accent) >= READABLE));
    // Where neither white nor the soft black would do.
    for (const accent of ['#7a7a7a', '#757575', '#0a84ff', '#e8453c']) {
      expect(contrast(readableOn(accent), accent), accent).toBeGreaterThanOrEqual(READABLE);
    }
  });

  it('are readable as text on the surfaces, and stay as they are where they were', () => {
    for (const surface of ['#ffffff', '#1b1c23']) {
      fc.assert(fc.property(color, (accent) => contrast(readableText(accent, surface), surface) >= READABLE));
    }
    expect(readableText('#0f766e', '#ffffff')).toBe('#0f766e');
    expect(readableText('#ffd400', '#ffffff')).not.toBe('#ffd400');
  });
});

describe('the language', () => {
  it('is the first wish that the widget speaks, by its base; else English', () => {
    expect(chooseLanguage(['de-AT', 'fr'])).toBe('de');
    expect(chooseLanguage([null, 'auto', '', 'xx', 'pt_BR'])).toBe('pt');
    expect(chooseLanguage(['zh-Hans', 'ko'])).toBe('en');
    expect(chooseLanguage([undefined])).toBe('en');
  });
  it('runs from right to left in Arabic only', () => {
    expect(directionOf('ar')).toBe('rtl');
    expect(directionOf('ja')).toBe('ltr');
  });
});
