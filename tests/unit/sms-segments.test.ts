import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { smsSegments } from '#domain/sms-segments.ts';

describe('segments of a text message', () => {
  test.each([
    ['nothing', '', 'gsm7', 0, 1, 160],
    ['160 of GSM-7', 'a'.repeat(160), 'gsm7', 160, 1, 0],
    ['161 of GSM-7', 'a'.repeat(161), 'gsm7', 161, 2, 145],
    ['306 of GSM-7', 'a'.repeat(306), 'gsm7', 306, 2, 0],
    ['307 of GSM-7', 'a'.repeat(307), 'gsm7', 307, 3, 152],
    ['umlauts and Greek capitals are GSM-7', 'Größe ΔΦΓΛΩΠΨΣΘΞ ñà', 'gsm7', 19, 1, 141],
    ['the extension table counts twice', '€[]{}\\~|^\f', 'gsm7', 20, 1, 140],
    ['80 euros fill one', '€'.repeat(80), 'gsm7', 160, 1, 0],
    ['an escaped letter isn’t cut: 76 fit into 153', '€'.repeat(81), 'gsm7', 162, 2, 143],
    ['70 of UCS-2', 'ч'.repeat(70), 'ucs2', 70, 1, 0],
    ['71 of UCS-2', 'ч'.repeat(71), 'ucs2', 71, 2, 63],
    ['one odd letter turns all of it', `${'a'.repeat(70)}ч`, 'ucs2', 71, 2, 63],
    ['ç is not in the table, Ç is', 'ç', 'ucs2', 1, 1, 69],
    ['Ç', 'Ç', 'gsm7', 1, 1, 159],
    ['a backtick is not', '`', 'ucs2', 1, 1, 69],
    ['an emoji is two', '😊', 'ucs2', 2, 1, 68],
    ['35 emoji fill one', '😊'.repeat(35), 'ucs2', 70, 1, 0],
    ['a pair isn’t cut: 33 fit into 67', '😊'.repeat(36), 'ucs2', 72, 2, 61],
  ] as const)('%s', (_, text, encoding, units, segments, remaining) => {
    expect(smsSegments(text)).toMatchObject({ encoding, units, segments, remaining });
  });

  test('the basic table has 127 characters, the extension 10', () => {
    const all = Array.from({ length: 0x2_1000 }, (_, code) => String.fromCodePoint(code));
    const gsm = all.filter((character) => smsSegments(character).encoding === 'gsm7');
    expect(gsm.filter((character) => smsSegments(character).units === 1)).toHaveLength(127);
    expect(gsm.filter((character) => smsSegments(character).units === 2)).toHaveLength(10);
  });

  test('never fewer than the units need, never more than one unit per segment is lost', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const { units, segments, perSegment, remaining } = smsSegments(text);
        expect(segments).toBeGreaterThanOrEqual(Math.ceil(units / perSegment));
        expect(segments * perSegment - remaining - units).toBeLessThan(Math.max(1, segments));
        expect(remaining).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
