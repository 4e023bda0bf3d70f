import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planUnits, splitText } from '#domain/render.ts';
import type { Part } from '#domain/message.ts';
import { everything, textOnly } from './flow/fixtures.ts';

const text = (value: string): Part => ({ kind: 'text', text: value });
const image: Part = { kind: 'image', mediaId: 'm-1', mimeType: 'image/png', name: 'a.png', caption: 'Look' };

describe('splitText', () => {
  it.each([
    ['short', 10, ['short']],
    ['', 10, []],
    ['one two three', 8, ['one two', 'three']],
    ['lines\ntwo three', 10, ['lines', 'two three']],
    ['a\ntwo three four', 10, ['a\ntwo', 'three four']],
    ['para one\n\npara two here', 15, ['para one', 'para two here']],
    ['abcdefgh', 3, ['abc', 'def', 'gh']],
    ['exactly ten', 7, ['exactly', 'ten']],
    ['ab😀cd', 3, ['ab', '😀c', 'd']],
    ['😀😀', 1, ['😀', '😀']],
    ['a b', 0, ['a', 'b']],
  ])('%j by %i', (value, max, expected) => {
    expect(splitText(value, max)).toEqual(expected);
  });

  it('loses white space at the cuts only, keeps to the limit and to whole characters', () => {
    const words = fc.stringMatching(/^[a-zé😀\n ]{0,200}$/u);
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 40 }), (value, max) => {
        const pieces = splitText(value, max);
        expect(pieces.join('').replace(/\s/g, '')).toBe(value.replace(/\s/g, ''));
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(max);
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['short', 10, ['short']],
    ['äöü', 6, ['äöü']],
    ['äöü', 5, ['äö', 'ü']],
    ['é one two', 7, ['é one', 'two']],
    ['日本語テキスト', 9, ['日本語', 'テキス', 'ト']],
    ['ab😀cd', 5, ['ab', '😀c', 'd']],
    ['😀😀', 1, ['😀', '😀']],
    ['zeile eins\nzwei drei vier', 20, ['zeile eins', 'zwei drei vier']],
  ])('bytes of UTF-8: %j by %i', (value, max, expected) => {
    expect(splitText(value, max, 'utf8')).toEqual(expected);
  });

  it('keeps to a limit of bytes, and loses white space at the cuts only', () => {
    const words = fc.stringMatching(/^[a-zé日😀\n ]{0,200}$/u);
    fc.assert(
      fc.property(words, fc.integer({ min: 4, max: 60 }), (value, max) => {
        const pieces = splitText(value, max, 'utf8');
        expect(pieces.join('').replace(/\s/g, '')).toBe(value.replace(/\s/g, ''));
        for (const piece of pieces) {
          expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(max);
          expect(piece.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is quick on 100 kB', () => {
    const startedAt = performance.now();
    splitText('x'.repeat(100_000), 1);
    splitText('word '.repeat(20_000), 160);
    splitText('wörd '.repeat(20_000), 160, 'utf8');
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});

describe('planUnits', () => {
  it('makes each part a call of its own, in order', () => {
    expect(planUnits([text('a'), image, text('b')], everything)).toEqual([[text('a')], [image], [text('b')]]);
  });
  it('counts bytes where the channel does, for texts and for questions', () => {
    const bytes = { ...everything, maxTextLength: 10, textUnit: 'utf8' as const };
    expect(planUnits([text('äöü äöü')], bytes)).toEqual([[text('äöü')], [text('äöü')]]);
    const ask: Part = { kind: 'choices', text: 'größe größe', options: [{ id: 'l', label: 'L' }] };
    expect(planUnits([ask], bytes)).toEqual([[text('größe')], [{ ...ask, text: 'größe' }]]);
    expect(planUnits([text('äöü äöü')], { ...bytes, textUnit: 'utf16' })).toEqual([[text('äöü äöü')]]);
  });
  it('gives a caption that is too long its own text', () => {
    const { caption: _caption, ...bare } = image;
    expect(planUnits([image], { ...everything, maxCaptionLength: 3 })).toEqual([[bare], [text('Look')]]);
  });
  it('writes a link for media the channel lacks, or at least the name', () => {
    expect(planUnits([image], textOnly, (id) => `https://example.org/${id}`)).toEqual([
      [text('Look\na.png: https://example.org/m-1')],
    ]);
    expect(planUnits([{ ...image, url: 'https://example.org/u' }], textOnly)).toEqual([
      [text('Look\na.png: https://example.org/u')],
    ]);
    expect(planUnits([image], textOnly)).toEqual([[text('Look\na.png')]]);
  });
  const options = [
    { id: 'a', label: 'Apples' },
    { id: 'b', label: 'Pears' },
  ];
  it('lists choices by number where there are no buttons, too few, or too short ones', () => {
    const ask: Part = { kind: 'choices', text: 'Which?', options };
    const list = [[text('Which?\n1. Apples\n2. Pears')]];
    expect(planUnits([ask], everything)).toEqual([[ask]]);
    expect(planUnits([ask], textOnly)).toEqual(list);
    expect(planUnits([ask], { ...everything, choices: { max: 1, maxLabelLength: 40 } })).toEqual(list);
    expect(planUnits([ask], { ...everything, choices: { max: 3, maxLabelLength: 5 } })).toEqual(list);
    expect(planUnits([{ ...ask, options: [] }], everything)).toEqual([[text('Which?')]]);
    expect(planUnits([{ ...ask, text: '' }], everything)).toEqual([[text('1. Apples\n2. Pears')]]);
  });
  it('hangs the buttons on the last piece of a long question', () => {
    const ask: Part = { kind: 'choices', text: 'one two three', options };
    expect(planUnits([ask], { ...everything, maxTextLength: 8 })).toEqual([
      [text('one two')],
      [{ ...ask, text: 'three' }],
    ]);
  });
  it('writes places and cards where they can’t be sent', () => {
    const place: Part = { kind: 'location', lat: 52.5, lon: 13.4, name: 'Berlin' };
    expect(planUnits([place], everything)).toEqual([[place]]);
    expect(planUnits([place], textOnly)).toEqual([
      [text('Berlin\n52.5, 13.4\nhttps://www.openstreetmap.org/?mlat=52.5&mlon=13.4#map=16/52.5/13.4')],
    ]);
    expect(
      planUnits([{ kind: 'contact_card', name: 'Ada', phones: ['+1'], emails: ['a@b.de'] }], everything),
    ).toEqual([[text('Ada\n+1\na@b.de')]]);
  });
  it('leaves out what says nothing', () => {
    expect(
      planUnits([text(''), { kind: 'unsupported', what: 'x' }, { kind: 'call', event: 'ended' }], everything),
    ).toEqual([]);
  });
});
