import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storableJson, storableText, toJsonb } from '#domain/text.ts';

test('NUL and lone surrogates become U+FFFD, everything else stays', () => {
  expect(storableText('a\u0000b\uD800c\uDC00d 😀')).toBe('a\uFFFDb\uFFFDc\uFFFDd 😀');
  expect(storableJson({ 'k\u0000': ['\uD83D', 1, null, true] })).toEqual({
    'k\uFFFD': ['\uFFFD', 1, null, true],
  });
});

test('toJsonb is what jsonb takes, and the same value where nothing had to change', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const json = toJsonb(value);
      expect(/(?<!\\)(\\\\)*\\u(0000|d[89a-f][0-9a-f]{2})/.test(json)).toBe(false);
      expect(JSON.parse(json)).toEqual(storableJson(JSON.parse(JSON.stringify(value)) as never));
    }),
  );
});
