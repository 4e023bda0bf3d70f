import { describe, expect, it, test } from 'vitest';
import {
  bareSubject,
  formatAddress,
  isEmailAddress,
  parseAddresses,
  replyRecipients,
  replySubject,
} from '#domain/email.ts';
import { outboundPartsSchema } from '#domain/flow/schema.ts';

describe('isEmailAddress', () => {
  it.each([
    'ada@example.com',
    'a.b+c@sub.example.co.uk',
    "o'neil@example.org",
    'jürgen@müller.example',
    'x@例え.テスト',
  ])('takes %s', (text) => expect(isEmailAddress(text)).toBe(true));
  it.each([
    '',
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'ada@-example.com',
    'ada@example..com',
    '.ada@example.com',
    'a..b@example.com',
    'ada lovelace@example.com',
    'ada@example.com\r\nBcc: eve@example.com',
    'ada@exa\u0000mple.com',
    'ada@example.com,eve@example.com',
    '<ada@example.com>',
    '"ada"@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ada@${'a'.repeat(250)}.com`,
  ])('refuses %j', (text) => expect(isEmailAddress(text)).toBe(false));
});

describe('parseAddresses', () => {
  test('what people paste: names, commas in names, lines, semicolons, spaces; each once', () => {
    expect(
      parseAddresses(
        'Ada Lovelace <Ada@Example.com>, "Hopper, Grace" <grace@example.org>;\nbob@example.com\r\nada@example.com, mailto:carl@example.net x@example.com y@example.com, me@example.com you,',
      ),
    ).toEqual({
      addresses: [
        { address: 'ada@example.com', name: 'Ada Lovelace' },
        { address: 'grace@example.org', name: 'Hopper, Grace' },
        { address: 'bob@example.com' },
        { address: 'carl@example.net' },
        { address: 'x@example.com' },
        { address: 'y@example.com' },
      ],
      invalid: ['me@example.com you'],
    });
    expect(parseAddresses('a@x.org b@x.org\tc@x.org').addresses).toHaveLength(3);
    expect(parseAddresses('mailto:carl@example.net').addresses).toEqual([{ address: 'carl@example.net' }]);
  });
  test('what is none is named as it was written', () => {
    expect(parseAddresses('ada@example.com, bob@, Eve <eve>')).toEqual({
      addresses: [{ address: 'ada@example.com' }],
      invalid: ['bob@', 'Eve <eve>'],
    });
    expect(parseAddresses(' \n, ;')).toEqual({ addresses: [], invalid: [] });
  });
  test('an unclosed quote ends with its line, and a name holds no line break', () => {
    expect(parseAddresses('"Ada <ada@example.com>\nbob@example.com').addresses).toEqual([
      { address: 'ada@example.com', name: '"Ada' },
      { address: 'bob@example.com' },
    ]);
    expect(parseAddresses('A\u0007da <ada@example.com>').addresses[0]?.name).toBe('A da');
  });
});

test('an address is written with its name where it has one', () => {
  expect(formatAddress({ address: 'a@x.org', name: 'Ada' })).toBe('Ada <a@x.org>');
  expect(formatAddress({ address: 'a@x.org', name: '' })).toBe('a@x.org');
});

test('an answer is marked once, whatever language marked it before', () => {
  expect(replySubject('Order 7')).toBe('Re: Order 7');
  for (const marked of ['Re: Order', 'RE[2]: Order', 'AW: Order', 'Antw: x', 'SV: x', '回复：x'])
    expect(replySubject(marked)).toBe(marked);
  expect(replySubject('Rebate: now')).toBe('Re: Rebate: now');
  expect(replySubject('a\r\nBcc: b')).toBe('Re: a Bcc: b');
  expect(replySubject(' ')).toBe('');
  expect(bareSubject('Re: AW: Fwd: Order 7')).toBe('Order 7');
  expect(bareSubject('Rebate: now')).toBe('Rebate: now');
});

test('an answer goes where the last mail wants it; to all, to everybody but ourselves, each once', () => {
  const ada = { address: 'ada@customer.example', name: 'Ada' };
  const boss = { address: 'boss@customer.example', name: 'Boss' };
  const last = {
    to: [ada],
    cc: [
      { address: 'Support@shop.example' },
      { address: 'reply+abc.def@shop.example' },
      boss,
      { address: 'BOSS@customer.example' },
      { address: 'desk@shop.example' },
      { address: 'dora@else.example' },
    ],
  };
  const own = ['support@shop.example', 'DESK@shop.example'];
  expect(replyRecipients(last, ada, own)).toEqual({
    to: [ada],
    others: [boss, { address: 'dora@else.example' }],
  });
  // Somebody else wrote last: the contact is among the others.
  expect(replyRecipients({ to: [boss], cc: [] }, ada, own)).toEqual({ to: [boss], others: [ada] });
  expect(replyRecipients({ to: [{ address: 'support@shop.example' }], cc: [] }, ada, own).to).toEqual([ada]);
  expect(replyRecipients({ to: [], cc: [] }, ada, [])).toEqual({ to: [ada], others: [] });
  // Other services have reply addresses too: only there an answer is one.
  const theirs = { address: 'reply+AB12@reply.service.example' };
  expect(replyRecipients({ to: [theirs], cc: [] }, ada, own).to).toEqual([theirs]);
});

describe('an email part on its way out', () => {
  const text = { kind: 'text', text: 'Hello' };
  const read = (email: object, ...more: object[]) =>
    outboundPartsSchema.safeParse([{ kind: 'email', ...email }, text, ...more]);
  test('addresses in lower case; the subject may be left to the thread', () => {
    expect(read({ cc: [{ address: ' Ada@Example.com ', name: 'Ada' }], html: true }).data?.[0]).toEqual({
      kind: 'email',
      subject: '',
      cc: [{ address: 'ada@example.com', name: 'Ada' }],
    });
  });
  it.each([
    { subject: 'a\r\nBcc: eve@example.com' },
    { subject: 'a\u2028b' },
    { subject: 'x'.repeat(501) },
    { cc: [{ address: 'ada' }] },
    { to: [{ address: 'ada@example.com', name: 'Ada\nBcc: eve@example.com' }] },
    { bcc: [{ address: 'ada@example.com>\r\nX: y' }] },
    { bcc: Array.from({ length: 51 }, (_, at) => ({ address: `a${at}@example.com` })) },
    {
      to: Array.from({ length: 30 }, (_, at) => ({ address: `a${at}@example.com` })),
      cc: Array.from({ length: 21 }, (_, at) => ({ address: `b${at}@example.com` })),
    },
  ])('refuses %j', (email) => expect(read(email).success).toBe(false));
  test('one of them, beside something that is said', () => {
    expect(read({}, { kind: 'email' }).success).toBe(false);
    expect(outboundPartsSchema.safeParse([{ kind: 'email', subject: 'x' }]).success).toBe(false);
    expect(read({ bcc: Array.from({ length: 50 }, (_, at) => ({ address: `a${at}@x.org` })) }).success).toBe(
      true,
    );
  });
});
