/** HTML → readable plain text, quotes marked with `>` as mailers do, so that one set of rules folds both. */
import { sanitizeShallow } from './shallow-html.ts';

/** A newsletter's HTML has some hundred kB; beyond this it isn't read for its words. */
export const LONGEST_HTML = 500_000;
/** A longer line is broken at the next tag: what is looked at again and again stays short. */
const LONGEST_LINE = 10_000;

const blocks = [
  'address',
  'article',
  'aside',
  'blockquote',
  'body',
  'center',
  'dd',
  'div',
  'dl',
  'dt',
  'fieldset',
  'figcaption',
  'figure',
  'footer',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'header',
  'hr',
  'html',
  'li',
  'main',
  'nav',
  'ol',
  'p',
  'pre',
  'section',
  'table',
  'tbody',
  'tfoot',
  'thead',
  'tr',
  'ul',
];
const blockSet: ReadonlySet<string> = new Set(blocks);
/** With an empty line around them. */
const spaced: ReadonlySet<string> = new Set([
  'p',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ul',
  'ol',
  'table',
  'pre',
]);

export function htmlToText(html: string): string {
  const wellFormed = sanitizeShallow(html, LONGEST_HTML, {
    allowedTags: [...blocks, 'a', 'br', 'img', 'td', 'th'],
    allowedAttributes: { a: ['href'], img: ['alt'] },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    nonTextTags: ['style', 'script', 'textarea', 'option', 'noscript', 'title', 'head'],
    nestingLimit: 200,
  });
  const writer = createWriter();
  for (const [, close = '', name = '', attributes = '', text = ''] of wellFormed.matchAll(
    /<(\/?)([a-z0-9]+)([^>]*)>|([^<]+)/g,
  )) {
    if (name === '') writer.text(unescape(text));
    else writer.tag(name, close === '/', attributes);
  }
  return writer.end();
}

interface Line {
  depth: number;
  text: string;
}

function createWriter() {
  const lines: Line[] = [];
  let current = '';
  let depth = 0;
  let preformatted = 0;
  let link: { href: string; from: number } | null = null;

  const endLine = (): void => {
    lines.push({ depth, text: current.trimEnd() });
    current = '';
    if (link) link.from = 0;
  };
  const breakLine = (withGap: boolean): void => {
    if (current.trim() !== '') endLine();
    else current = '';
    const last = lines.at(-1);
    if (withGap && last && last.text !== '') lines.push({ depth: Math.min(depth, last.depth), text: '' });
  };
  return {
    text(given: string): void {
      if (preformatted > 0) {
        for (const [index, piece] of given.split('\n').entries()) {
          if (index > 0) endLine();
          current += piece;
        }
        return;
      }
      const collapsed = given.replaceAll(/[ \t\n\r\f]+/g, ' ').replaceAll('\u00a0', ' ');
      current += current === '' ? collapsed.trimStart() : collapsed;
    },
    tag(name: string, isClosing: boolean, attributes: string): void {
      if (name === 'br' || current.length > LONGEST_LINE) endLine();
      if (name === 'br') return;
      if (name === 'img') {
        const alt = attributeOf(attributes, 'alt').trim();
        if (alt !== '' && alt.length <= 200) current += `[${alt}]`;
        return;
      }
      if (name === 'a') {
        if (!isClosing) link = { href: attributeOf(attributes, 'href'), from: current.length };
        else if (link) {
          current += linkTail(link.href, current.slice(link.from));
          link = null;
        }
        return;
      }
      if (name === 'td' || name === 'th') {
        if (isClosing && current.trim() !== '') current += ' ';
        return;
      }
      if (!blockSet.has(name)) return;
      breakLine(spaced.has(name));
      if (name === 'pre') preformatted = Math.max(0, preformatted + (isClosing ? -1 : 1));
      if (name === 'blockquote') depth = Math.max(0, depth + (isClosing ? -1 : 1));
      if (name === 'li' && !isClosing) current = '- ';
      if (name === 'hr' && !isClosing) lines.push({ depth, text: '________________________________' });
    },
    end(): string {
      breakLine(false);
      const quoted = lines.map(({ depth: level, text }) =>
        level === 0 ? text : `${'>'.repeat(Math.min(level, 10))} ${text}`.trimEnd(),
      );
      while (/^>*$/.test(quoted.at(-1) ?? '-')) quoted.pop();
      return quoted
        .join('\n')
        .replaceAll(/\n{3,}/g, '\n\n')
        .trim();
    },
  };
}

/** Where a link goes, unless its words say so. */
function linkTail(href: string, words: string): string {
  const target = href.replace(/^(mailto|tel):/i, '');
  const shown = words.trim();
  if (target === '' || target.length > 500) return '';
  if (bare(shown) === bare(target) || shown.includes(target)) return '';
  return shown === '' ? '' : ` <${target}>`;
}

function bare(url: string): string {
  return url
    .replace(/^https?:\/\//i, '')
    .replace(/\/$/, '')
    .toLowerCase();
}

function attributeOf(attributes: string, name: string): string {
  const at = attributes.indexOf(` ${name}="`);
  if (at < 0) return '';
  const from = at + name.length + 3;
  return unescape(attributes.slice(from, attributes.indexOf('"', from)));
}
/** Only these are escaped in what the sanitizer writes. */
function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
