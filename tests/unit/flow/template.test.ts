import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RENDERED, parseTemplate, renderTemplate, templateVariables } from '#domain/flow/template.ts';

const root = {
  contact: {
    name: 'ada lovelace',
    email: null,
    fields: { 'first name': 'Ada', orders: [{ id: 7 }, { id: 8 }] },
  },
  vars: { n: 2.6451, yes: true, empty: '', list: ['a', 'b'], object: { a: 1 }, '{{': 'x' },
  message: { text: '{{contact.name}}' },
  now: '2025-01-15T12:04:05.000Z',
};
const render = (source: string): string => renderTemplate(source, root);

describe('renderTemplate', () => {
  it.each([
    ['Hi {{contact.name}}!', 'Hi ada lovelace!'],
    ['{{ contact.name|upper }}', 'ADA LOVELACE'],
    ['{{contact.email | default: "there"}}', 'there'],
    ["{{vars.empty | default: 'it\\'s'}}", "it's"],
    ['{{vars.nope | default: 5}}', '5'],
    ['{{vars.nope}}', ''],
    ['{{contact.name | first_name | capitalize}}', 'Ada'],
    ['{{contact.name | truncate: 5}}', 'ada l…'],
    ['{{contact.name | truncate: 5, "--"}}', 'ada l--'],
    ['{{vars.n | number: 2}}', '2.65'],
    ['{{contact.name | number: 2}}', 'ada lovelace'],
    ['{{vars.yes}} {{vars.list}} {{vars.object}}', 'true a, b {"a":1}'],
    ['{{vars.list | join: "+"}}', 'a+b'],
    ['{{vars.list | json}}', '["a","b"]'],
    ['{{contact.fields["first name"]}}', 'Ada'],
    ['{{contact.fields.orders[1].id}}', '8'],
    ['{{now | date}}', '2025-01-15'],
    ['{{now | date: "DD.MM.YYYY HH:mm:ss", "Europe/Berlin"}}', '15.01.2025 13:04:05'],
    ['{{now | date: "HH:mm", "Nowhere/City"}}', '12:04'],
    ['{{contact.name | date}}', 'ada lovelace'],
    ['{{contact.name | urlencode}}', 'ada%20lovelace'],
    ['{{ "{{" }}', '{{'],
    ['{{ "}}" | lower }}', '}}'],
    ['{{message.text}}', '{{contact.name}}'],
    ['{{contact.constructor}}{{vars.__proto__}}{{contact.name.length}}', ''],
    ['a {{ b', 'a {{ b'],
    ["it's {{contact.name}}, isn't it", "it's ada lovelace, isn't it"],
    ["{{it's}} {{contact.name}}", "{{it's}} ada lovelace"],
    ['{{nope | shout}}', '{{nope | shout}}'],
    ['{{}}', '{{}}'],
    ['}} {{contact.email}} {', '}}  {'],
  ])('%s → %s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it('is capped, never inside a surrogate pair', () => {
    const text = renderTemplate('a{{vars.long}}', { vars: { long: '😀'.repeat(MAX_RENDERED) } });
    expect(text.length).toBe(MAX_RENDERED - 1);
    expect(text.isWellFormed()).toBe(true);
  });

  it('never throws, and leaves text without braces as it is', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '|',
      ':',
      '"',
      "'",
      ',',
      'default',
      'contact.name',
      ' ',
      '\\',
      '[0]',
      '.',
      '1',
      'date',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }),
        fc.jsonValue(),
        (pieces, json) => {
          const source = pieces.join('');
          const text = renderTemplate(source, json);
          if (!source.includes('{{')) expect(text).toBe(source);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('stays linear on many braces', () => {
    const startedAt = performance.now();
    render('{{ "'.repeat(5_000));
    render('{{a|'.repeat(5_000));
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});

describe('parseTemplate', () => {
  it.each([
    ['{{ a', 'never closed'],
    ['{{ a b }}', 'can follow'],
    ['{{ a | shout }}', 'no filter "shout"'],
    ['{{ a | default: }}', 'written like'],
    ['{{ a..b }}', 'no variable'],
    ['{{ | upper }}', 'a variable is missing'],
    ['{{ a | constructor }}', 'no filter "constructor"'],
  ])('says what is wrong with %s', (source, message) => {
    expect(parseTemplate(source).problems.join()).toContain(message);
  });

  it('lists what is read, and what may be missing', () => {
    expect(templateVariables('{{vars.a}} {{vars.b | upper | default: "x"}} {{ "lit" }}')).toEqual([
      { path: 'vars.a', guarded: false },
      { path: 'vars.b', guarded: true },
    ]);
  });
});
