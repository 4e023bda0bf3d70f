/** What is new in a mail: quotes and signatures of many mail programs folded, nothing of the writer's own lost. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { htmlToText } from '#channels/email/html-text.ts';
import { newTextOf } from '#channels/email/new-text.ts';

const folded = (text: string) => ({ text, folded: true });
const whole = (text: string) => ({ text, folded: false });

describe('the quote below an answer is folded', () => {
  test.each([
    ['Gmail', 'Yes.\n\nOn Sun, 22 Nov 2026 at 18:00, Support <s@x.example> wrote:\n\n> Really?\n>\n> Best'],
    [
      'Gmail, wrapped',
      'Yes.\n\nOn Sun, 22 Nov 2026 at 18:00, Support of a very long name\n<s@x.example> wrote:\n> Really?',
    ],
    ['Apple', 'Yes.\n\n> On 22. Nov 2026, at 18:00, Support <s@x.example> wrote:\n> \n> Really?'],
    ['German', 'Yes.\n\nAm So., 22. Nov. 2026 um 18:00 Uhr schrieb Support <s@x.example>:\n> Really?'],
    ['Thunderbird, German', 'Yes.\n\nAm 22.11.26 um 18:00 schrieb Support:\n> Really?'],
    ['French', 'Yes.\n\nLe dim. 22 nov. 2026 à 18:00, Support <s@x.example> a écrit :\n> Really?'],
    ['Spanish', 'Yes.\n\nEl dom, 22 nov 2026 a las 18:00, Support (<s@x.example>) escribió:\n> Really?'],
    [
      'Italian',
      'Yes.\n\nIl giorno dom 22 nov 2026 alle ore 18:00 Support <s@x.example> ha scritto:\n> Really?',
    ],
    [
      'Portuguese',
      'Yes.\n\nEm dom., 22 de nov. de 2026 às 18:00, Support <s@x.example> escreveu:\n> Really?',
    ],
    ['Dutch', 'Yes.\n\nOp zo 22 nov 2026 om 18:00 schreef Support <s@x.example>:\n> Really?'],
    ['Polish', 'Yes.\n\nniedz., 22 lis 2026 o 18:00 Support <s@x.example> napisał(a):\n> Really?'],
    ['Swedish', 'Yes.\n\nDen sön 22 nov. 2026 kl 18:00 skrev Support <s@x.example>:\n> Really?'],
    ['Czech', 'Yes.\n\nne 22. 11. 2026 v 18:00 odesílatel Support <s@x.example> napsal:\n> Really?'],
    ['Russian', 'Yes.\n\nвс, 22 нояб. 2026 г. в 18:00, Support <s@x.example>:\n> Really?', true],
    [
      'Russian, Mail.ru',
      'Yes.\n\nВоскресенье, 22 ноября 2026, 18:00 +03:00 от Support <s@x.example> написал:\n> Really?',
    ],
    ['Japanese', 'Yes.\n\n2026年11月22日(日) 18:00 Support <s@x.example>さんは書きました:\n> Really?'],
    ['Chinese', 'Yes.\n\nSupport <s@x.example> 于2026年11月22日周日 18:00写道：\n> Really?'],
    [
      'Outlook, English',
      'Yes.\n\n________________________________\nFrom: Support <s@x.example>\nSent: Sunday, November 22, 2026 6:00 PM\nTo: Ann\nSubject: Order\n\nReally?',
    ],
    [
      'Outlook, German',
      'Yes.\n\nVon: Support <s@x.example>\nGesendet: Sonntag, 22. November 2026 18:00\nAn: Ann\nBetreff: Order\n\nReally?',
    ],
    [
      'Outlook, French',
      'Yes.\n\nDe : Support <s@x.example>\nEnvoyé : dimanche 22 novembre 2026\nÀ : Ann\nObjet : Order\n\nReally?',
    ],
    ['Outlook, old', 'Yes.\n\n-----Original Message-----\nFrom: Support\nReally?'],
    ['quotes only', 'Yes.\n> Really?'],
    ['a signature', 'Yes.\n-- \nAnn\n+44 20'],
    ['a signature above the quote', 'Yes.\n\n-- \nAnn\n\nOn 22 Nov 2026, Support wrote:\n> Really?'],
    [
      'Sent from my iPhone',
      'Yes.\n\nSent from my iPhone\n\nOn 22 Nov 2026, at 18:00, Support <s@x.example> wrote:\n> Really?',
    ],
  ])('%s', (_, text, keepsLine = false) => {
    expect(newTextOf(text)).toEqual(folded(keepsLine ? newTextOf(text).text : 'Yes.'));
    expect(newTextOf(text).text).not.toContain('Really?');
  });

  test('an answer below the quote is the answer', () => {
    expect(newTextOf('On 22 Nov 2026, Support wrote:\n> Really?\n\nYes.')).toEqual(folded('Yes.'));
  });

  test('of HTML, by the same rules', () => {
    const gmail =
      '<div dir="ltr">Yes.</div><div class="gmail_quote"><div class="gmail_attr">On Sun, 22 Nov 2026 at 18:00, S &lt;s@x.example&gt; wrote:<br></div><blockquote>Really?<blockquote>Older</blockquote></blockquote></div>';
    const outlook =
      '<p>Yes.</p><div style="border-top:solid"><p><b>From:</b> S &lt;s@x.example&gt;<br><b>Sent:</b> Sunday<br><b>To:</b> A<br><b>Subject:</b> Order</p></div><p>Really?</p>';
    expect([gmail, outlook].map((html) => newTextOf(htmlToText(html)))).toEqual([
      folded('Yes.'),
      folded('Yes.'),
    ]);
  });
});

describe('what may be the writer’s own stays', () => {
  test.each([
    [
      'answers between the quoted lines',
      'Am 22.11.2026 um 12:00 schrieb S:\n> Welche Farbe?\nBlau.\n> Welche Größe?\n42.',
    ],
    [
      'a forwarded mail',
      'See below.\n\n---------- Forwarded message ---------\nFrom: S <s@x.example>\nDate: Sun, 22 Nov 2026\nSubject: Order\nTo: A\n\nReally?',
    ],
    [
      'a forward of Apple’s',
      'See below.\n\nBegin forwarded message:\n\nFrom: S <s@x.example>\nSubject: Order\nDate: 22. November 2026\n\nReally?',
    ],
    ['nothing but a quote', 'On 22 Nov 2026, S wrote:\n> Really?'],
    ['a sentence that ends like an attribution', 'On page 3 my colleague wrote:\nThe price is 5 €.'],
    ['From: without the rest', 'From: my heart\nThanks!'],
    ['dashes', 'Prices:\n--- \na\n---\nb'],
  ])('%s', (_, text) => {
    expect(newTextOf(text)).toEqual(whole(text));
  });

  test('what is kept was in the mail, and a mail with words keeps some', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'On 22 Nov 2026, S wrote:',
        '> quoted',
        '>> twice',
        '-- ',
        '',
        '________________________________',
        'From: S',
        'Sent: 1',
        'Subject: x',
        '-----Original Message-----',
        'Sent from my iPhone',
      ),
      fc.stringMatching(/^[a-z ]{1,20}$/),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 25 }), (lines) => {
        const { text } = newTextOf(lines.join('\n'));
        for (const kept of text.split('\n'))
          expect([...lines.map((each) => each.trim()), '']).toContain(kept.trim());
        expect(text === '').toBe(lines.every((each) => each.trim() === ''));
        expect(newTextOf(text).text.length).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 2_000 },
    );
  });
});

test.each([
  ['<p>a</p><p>b<br>c</p>', 'a\n\nb\nc'],
  ['a &amp; b &lt;c&gt; &nbsp;&euro;', 'a & b <c>  €'],
  [
    '<a href="https://x.example/">https://x.example</a> <a href="mailto:a@b.c">a@b.c</a> <a href="https://y.example/z">here</a>',
    'https://x.example a@b.c here <https://y.example/z>',
  ],
  ['<ul><li>one</li><li>two</li></ul>', '- one\n- two'],
  ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
  ['<pre>  x\n    y</pre>', 'x\n    y'],
  ['<style>p{}</style><script>alert(1)</script><title>t</title>text', 'text'],
  ['<blockquote>q<blockquote>qq</blockquote></blockquote>after', '> q\n>> qq\nafter'],
])('%s reads %s', (html, text) => {
  expect(htmlToText(html)).toBe(text);
});
