/** Whatever bytes come as a mail: read as far as they go, never thrown over, never slow. */
import * as fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import { describe, expect, test } from 'vitest';
import { readMail, type Mail } from '#channels/email/mail.ts';
import { messageEvent, writerOf } from '#channels/email/event.ts';
import { automaticOf } from '#channels/email/automatic.ts';
import { readBounce } from '#channels/email/bounce.ts';
import { readSubject } from '#channels/email/addresses.ts';
import { channelEvent } from '../inbound-shape.ts';
import { mails } from './case.ts';

async function readAll(raw: Uint8Array): Promise<Mail> {
  const mail = await readMail(raw);
  const writer = writerOf(mail);
  const facts = {
    threadKey: 't',
    contact: writer.address,
    writer,
    originalKey: 'w/m',
    authentication: { verdict: 'none' as const },
  };
  channelEvent.parse(
    messageEvent(mail, {
      ...facts,
      automatic: automaticOf(mail, { writer, ownAddresses: [] }),
      triggers: true,
    }),
  );
  await readBounce(mail);
  for (const attachment of mail.attachments) attachment.bytes();
  return mail;
}
const header = (more: string) => Buffer.from(`From: a@example.com\r\nMessage-ID: <x@y>\r\n${more}`);

describe('no bytes are too broken', () => {
  test('any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => void (await readAll(bytes))),
      { numRuns: 300 },
    );
  });

  test.each(Object.entries(mails))(
    '%s cut off anywhere, with bytes changed, taken out and put in',
    async (_, raw) => {
      const change = fc.record({
        at: fc.nat(raw.length - 1),
        remove: fc.nat(40),
        insert: fc.uint8Array({ maxLength: 20 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.nat(raw.length), async (changes, length) => {
          let bytes = raw.subarray(0, length);
          for (const { at, remove, insert } of changes)
            bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
          await readAll(bytes);
        }),
        { numRuns: 60 },
      );
    },
  );

  test('lines of headers in any order', async () => {
    const line = fc.constantFrom(
      'Content-Type: multipart/mixed; boundary="a"',
      'Content-Type: text/plain; charset="',
      'Content-Type: text/html; charset=utf-16',
      'Subject: =?utf-8?B?////?=',
      'Subject: =?x?Q?=?=',
      'From: "',
      'From: =?utf-8?Q?=22?= <>',
      'To: a:b:c;;<@>',
      'Content-Transfer-Encoding: base64',
      'Content-Transfer-Encoding: quoted-printable',
      'References: <<>> <a> <',
      'Date: 99 Foo -1',
      'Message-ID: <>',
      '--a',
      '--a--',
      '',
      ' folded',
      'Content-Disposition: attachment; filename*0*=x; filename*=y',
      '=',
      '=3',
      'BEGIN:VEVENT',
      'Content-Type: text/calendar',
      'Content-Type: message/rfc822',
      '> quoted',
      'On 1 wrote:',
      '________________________________',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 40 }),
        async (lines) => void (await readAll(Buffer.from(lines.join('\r\n')))),
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('what a mail program writes comes back', () => {
  const text = fc
    .string({ unit: 'grapheme', maxLength: 300 })
    .map((value) => value.replaceAll(/[\p{C}\r\n]/gu, ' ').trim());
  const file = fc.record({
    filename: fc.stringMatching(/^[\p{L}0-9 _.-]{1,40}$/u).map((name) => `f${name.trim()}.bin`),
    content: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  });
  test('texts, subjects, names and files of any script', async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        text,
        fc.array(file, { maxLength: 3 }),
        fc.boolean(),
        async (subject, name, body, files, isFlowed) => {
          const raw = await new MailComposer({
            from: { name, address: 'a@example.com' },
            subject,
            text: body,
            attachments: files,
            ...(isFlowed && { textEncoding: 'base64' as const }),
          })
            .compile()
            .build();
          const mail = await readAll(raw);
          expect(mail.subject).toBe(subject.replaceAll(/\s+/g, ' ').trim());
          expect(mail.text).toBe(body);
          expect(mail.from[0]?.address).toBe('a@example.com');
          expect(mail.attachments.map((each) => each.bytes().toString('hex'))).toEqual(
            files.map(({ content }) => content.toString('hex')),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('a flowed text is put together, quoted lines apart, and what is too deep keeps its words', async () => {
  const flowed = 'one \n two\n> quoted \n> on\n> \n-- \nname';
  expect((await readMail(header(`Content-Type: text/plain; format=flowed\r\n\r\n${flowed}`))).text).toBe(
    'one two\n> quoted on\n>\n-- \nname'.replace('>\n', '> \n'),
  );
  const joined = 'one \ntwo\n';
  expect(
    (await readMail(header(`Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n${joined}`))).text,
  ).toBe('onetwo');
  const deep = `Hello ${'<thead>'.repeat(5_000)}world`;
  expect((await readMail(header(`Content-Type: text/html\r\n\r\n${deep}`))).text).toBe('Hello world');
});

describe('a hostile mail costs little', () => {
  const quickly = (name: string, raw: () => Buffer) =>
    test(name, async () => {
      const bytes = raw();
      const startedMs = performance.now();
      await readAll(bytes);
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    });
  quickly('25 MB of file', () =>
    Buffer.concat([
      header(
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/zip; name=big.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n',
      ),
      Buffer.from('QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo'.repeat(2).concat('\r\n').repeat(340_000)),
      Buffer.from('--b--\r\n'),
    ]),
  );
  quickly('25 MB of text', () => Buffer.concat([header('\r\n'), Buffer.alloc(25_000_000, 'On 1 wrote: \n')]));
  quickly('a hundred thousand parts', () =>
    Buffer.concat([
      header('Content-Type: multipart/mixed; boundary=b\r\n\r\n'),
      Buffer.from('--b\r\n\r\nx\r\n'.repeat(100_000)),
    ]),
  );
  quickly('nested a thousand deep', () =>
    header(
      Array.from(
        { length: 1_000 },
        (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
      ).join(''),
    ),
  );
  quickly('a header without end', () => header(`Content-Type: text/plain; ${'a'.repeat(1_000_000)}\r\n\r\n`));
  quickly('a million folded lines', () => header(`Subject: x\r\n${' y\r\n'.repeat(1_000_000)}\r\n`));
  quickly('a million references', () => header(`References: ${'<a@b> <'.repeat(200_000)}\r\n\r\n`));
  quickly('ten thousand addresses', () => header(`To: ${'"x" <a@b.c>, '.repeat(10_000)}\r\n\r\n`));
  quickly('encoded words without end', () => header(`Subject: ${'=?utf-8?Q?'.repeat(50_000)}\r\n\r\n`));
  quickly('HTML that never closes', () =>
    header(`Content-Type: text/html\r\n\r\n${'<div><blockquote>'.repeat(50_000)}`),
  );
  quickly('HTML of one tag', () =>
    header(`Content-Type: text/html\r\n\r\n<a ${'href="x" '.repeat(100_000)}>`),
  );
  quickly('a flowed line of half a million pieces', () =>
    header(`Content-Type: text/plain; format=flowed\r\n\r\n${'a \n'.repeat(500_000)}`),
  );
  quickly('a report of ten million groups', () =>
    Buffer.concat([
      header('Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n'),
      Buffer.from('Content-Type: message/delivery-status\r\n\r\n'),
      Buffer.alloc(30_000_000, 'a\n\n'),
    ]),
  );
  const htmlPart = `--b\r\nContent-Type: text/html\r\n\r\n${'<a href="http://x">y</a>'.repeat(20_000)}\r\n`;
  quickly('HTML in sixty parts', () =>
    header(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${htmlPart.repeat(60)}`),
  );
  quickly('HTML of table heads, all of them open', () =>
    header(`Content-Type: text/html\r\n\r\n${'<thead>'.repeat(35_000)}${'</x>'.repeat(60_000)}`),
  );
  quickly('HTML that hides its depth behind ends of nothing', () =>
    header(`Content-Type: text/html\r\n\r\n${'<div></x>'.repeat(55_000)}`),
  );
});

describe('what mailparser alone reads otherwise, or gives up on', () => {
  const mixed = (...parts: string[]) =>
    Buffer.from(
      `${header('Subject: Parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n').toString()}--b\r\n${parts.join('\r\n--b\r\n')}\r\n--b--\r\n`,
      'latin1',
    );
  const namesOf = ({ attachments }: Mail) => attachments.map(({ name }) => name);

  test.each([
    ['Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe =80', 'Grüße €'],
    ['Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe', 'Grüße'],
    ['Content-Type: text/plain; charset=us-ascii\r\n\r\nGr\xfc\xdfe', 'Grüße'],
  ])('a text whose charset nobody said: %j', async (part, text) => {
    expect((await readAll(mixed(part))).text).toBe(text);
  });
  test.each([
    ['Subject: Gr\xfc\xdfe', 'Grüße'],
    ['Subject: Gr\xc3\xbc\xc3\x9fe', 'Grüße'],
    ['Subject: =?utf-8?B?UHLD?=\r\n =?utf-8?B?vGY=?=', 'Prüf'],
  ])('the subject of %j', async (field, subject) => {
    expect((await readAll(Buffer.from(`${field}\r\n\r\nx`, 'latin1'))).subject).toBe(subject);
  });
  test.each([
    ['name="Pr\xfcf.pdf"', 'Prüf.pdf'],
    ['name="Pr\xc3\xbcf.pdf"', 'Prüf.pdf'],
    ['name="=?utf-8?Q?Pr=C3=BCf?=.pdf"', 'Prüf.pdf'],
    ["name*0*=iso-8859-1''Pr%FC; name*1=f.pdf", 'Prüf.pdf'],
    ['name="..\\\\..\\\\a.pdf"', 'a.pdf'],
  ])('a file’s %s', async (parameter, name) => {
    expect(namesOf(await readAll(mixed(`Content-Type: application/pdf; ${parameter}\r\n\r\nx`)))).toEqual([
      name,
    ]);
  });
  test('a text that is a file, beside texts that are none', async () => {
    const mail = await readAll(
      mixed('\r\nabove', 'Content-Type: text/plain; name=notes.txt\r\n\r\nnotes', '\r\nbelow'),
    );
    expect([mail.text, namesOf(mail)]).toEqual(['above\n\nbelow', ['notes.txt']]);
  });
  test('mails within a mail, in a digest too, are files and not opened', async () => {
    const digest =
      'Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: One\r\n\r\n1\r\n--d--';
    const inline = 'Content-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\nSubject: Two\r\n\r\n2';
    const mail = await readAll(mixed('\r\nlook', digest, inline));
    expect([mail.text, namesOf(mail)]).toEqual(['look', ['One.eml', 'Two.eml']]);
  });
  test('a container within another that can’t be opened', async () => {
    const shut = 'Content-Type: multipart/alternative; boundary=no\r\n\r\n--other\r\n\r\nhello';
    const mail = await readAll(mixed(shut, 'Content-Type: application/pdf; name=a.pdf\r\n\r\nx'));
    expect(mail.text).toContain('hello');
    expect(namesOf(mail)).toEqual(['a.pdf']);
  });
  test.each([
    [
      'a field without end',
      `To: ${'"x" <a@b.example>, '.repeat(20_000)}\r\nSubject: Still here\r\n\r\nhello`,
    ],
    ['a field of many lines', `X-List: a\r\n${' b\r\n'.repeat(100_000)}Subject: Still here\r\n\r\nhello`],
    [
      'a part with a head too long',
      `Subject: Still here\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: ${'x'.repeat(700_000)}\r\n\r\nhello\r\n--b--`,
    ],
    [
      'more parts than any mail has',
      `Subject: Still here\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nhello\r\n'.repeat(3_000)}--b--`,
    ],
  ])('%s costs neither subject nor writer nor the mail', async (_, more) => {
    const mail = await readAll(header(more));
    expect(mail).toMatchObject({
      subject: 'Still here',
      messageId: '<x@y>',
      from: [{ address: 'a@example.com' }],
    });
    expect(mail.text).not.toBe('');
  });
});

test.each([
  ['Re: Hello', 'hello', true],
  ['AW: RE:  Fwd: Hello', 'hello', true],
  ['Re[2]: Hello', 'hello', true],
  ['Fwd: Hello', 'hello', false],
  ['Antwort: Größe', 'größe', true],
  ['回复: 你好', '你好', true],
  ['Rebate: 10 %', 'rebate: 10 %', false],
  ['  ', '', false],
])('the subject %s is about %s, an answer: %s', (subject, about, isReply) => {
  expect(readSubject(subject)).toEqual({ about, isReply });
});
