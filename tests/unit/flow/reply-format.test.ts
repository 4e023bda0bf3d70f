import { describe, expect, it } from 'vitest';
import { readReply, type ReplyFormat } from '#domain/flow/reply-format.ts';
import type { Part } from '#domain/message.ts';
import { message } from './fixtures.ts';

const read = (format: ReplyFormat, text: string, parts?: Part[]) => {
  const verdict = readReply(format, message(text, parts ? { parts } : {}), choices);
  return verdict.kind === 'valid' ? verdict.value : undefined;
};
const choices = [
  { id: 'a', label: 'Apples' },
  { id: 'b', label: 'Pears' },
  { id: '3', label: 'Plums' },
  { id: 'p', label: '2' },
];

describe('readReply', () => {
  it.each<[ReplyFormat, string, unknown]>([
    ['text', ' hi ', 'hi'],
    ['text', '   ', undefined],
    ['number', '42', 42],
    ['number', ' -1.5 ', -1.5],
    ['number', '1,5', 1.5],
    ['number', '1,234', 1234],
    ['number', '1.234.567', 1234567],
    ['number', '1.234,56', 1234.56],
    ['number', '1,234.56', 1234.56],
    ['number', "12 345'678", 12345678],
    ['number', '٤٢', 42],
    ['number', '４２', 42],
    ['number', '7\n7', undefined],
    ['number', '7 7', undefined],
    ['number', '१२', 12],
    ['number', '−5', -5],
    ['number', '4 apples', undefined],
    ['number', '', undefined],
    ['number', '1e5', undefined],
    ['number', '0x10', undefined],
    ['number', 'Infinity', undefined],
    ['number', '.', undefined],
    ['number', '9'.repeat(50), undefined],
    ['email', ' Ada@Example.org ', 'Ada@Example.org'],
    ['email', "it's ada@example.org.", 'ada@example.org'],
    ['email', '<mailto:ada@example.org>', 'ada@example.org'],
    ['email', 'a@b.de or c@d.de', undefined],
    ['email', 'ada@example', undefined],
    ['email', 'a@b.de\na@b.de', 'a@b.de'],
    ['email', 'ada@@example.org', undefined],
    ['email', 'a..b@example.org', undefined],
    ['phone', '+49 (171) 123-4567', '+491711234567'],
    ['phone', '0049 171 1234567', '+491711234567'],
    ['phone', '0171/1234567', '01711234567'],
    ['phone', '+0171', undefined],
    ['phone', '12345', undefined],
    ['phone', 'call me', undefined],
    ['phone', '1'.repeat(16), undefined],
    ['date', '2025-02-28', '2025-02-28'],
    ['date', '28.2.2025', '2025-02-28'],
    ['date', '3/4/2025', '2025-04-03'],
    ['date', '2/28/2025', '2025-02-28'],
    ['date', '2025-02-29', undefined],
    ['date', '31.4.2025', undefined],
    ['date', 'tomorrow', undefined],
    ['choice', 'a', 'a'],
    ['choice', ' APPLES ', 'a'],
    ['choice', '1', 'a'],
    ['choice', '2.', 'b'],
    ['choice', '2', 'p'],
    ['choice', '3', '3'],
    ['choice', '0', undefined],
    ['choice', '9', undefined],
    ['choice', 'bananas', undefined],
  ])('%s %j is %j', (format, text, expected) => {
    expect(read(format, text)).toBe(expected);
  });

  it('takes media, places and cards for a text', () => {
    expect(read('text', '', [{ kind: 'location', lat: 1, lon: 2 }])).toBe('');
    expect(read('text', '', [{ kind: 'image', mediaId: 'm', mimeType: 'image/png' }])).toBe('');
    expect(read('text', '', [{ kind: 'unsupported', what: 'sticker' }])).toBeUndefined();
  });

  it('goes by the button pressed, not by its words; a button of another question counts by its words', () => {
    expect(read('choice', 'Pears', [{ kind: 'choice_reply', id: 'a', label: 'Pears' }])).toBe('a');
    expect(read('choice', 'Pears', [{ kind: 'choice_reply', id: 'old', label: 'Pears' }])).toBe('b');
    expect(read('choice', 'Yes', [{ kind: 'choice_reply', id: 'old', label: 'Yes' }])).toBeUndefined();
  });

  it('is quick on anything long', () => {
    const startedAt = performance.now();
    for (const format of ['text', 'number', 'email', 'phone', 'date', 'choice'] as const)
      for (const text of ['a@'.repeat(50_000), '1,'.repeat(50_000), '.'.repeat(100_000), ' '.repeat(100_000)])
        read(format, text);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});
