/** A mail's HTML made safe to show: no scripts, forms, styles from elsewhere, nothing that loads or runs by itself. */
import { sanitizeShallow } from './shallow-html.ts';

export interface SafeHtml {
  html: string;
  /** Pictures of other servers that the mail wants to load: each would tell its sender that it was read. */
  remoteImages: number;
}

export interface SafeHtmlOptions {
  /** Where an attached picture can be seen; null where the mail has none of this content-id. */
  image: (contentId: string) => string | null;
  /** Load pictures of other servers. */
  showRemote: boolean;
  /** Where they are loaded from in place of their own servers; `n` counts from 1. */
  remote?: (url: string, n: number) => string;
}

/** Longer HTML is cut: no mail that people write is so long. */
const LONGEST = 1_000_000;
/** One transparent pixel. */
const BLANK = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
const dataImage = /^data:image\/(png|jpe?g|gif|webp);base64,[a-z0-9+/=\s]*$/i;

/** Values that load nothing and reach outside of nothing. */
const plainValue = [
  /^(?!.*(?:url|image|expression|javascript|behavio|import|var\(|attr\(|[\\<>{}@]))[^;]{1,200}$/i,
];
const styles = Object.fromEntries(
  [
    'color',
    'background-color',
    'font',
    'font-family',
    'font-size',
    'font-style',
    'font-weight',
    'line-height',
    'letter-spacing',
    'text-align',
    'text-decoration',
    'text-indent',
    'text-transform',
    'vertical-align',
    'white-space',
    'word-break',
    'direction',
    'padding',
    'padding-top',
    'padding-right',
    'padding-bottom',
    'padding-left',
    'margin',
    'margin-top',
    'margin-right',
    'margin-bottom',
    'margin-left',
    'border',
    'border-top',
    'border-right',
    'border-bottom',
    'border-left',
    'border-color',
    'border-style',
    'border-width',
    'border-radius',
    'border-collapse',
    'border-spacing',
    'width',
    'max-width',
    'min-width',
    'height',
    'max-height',
    'list-style-type',
  ].map((name) => [name, plainValue]),
);

export function safeHtml(html: string, options: SafeHtmlOptions): SafeHtml {
  let remoteImages = 0;
  const source = (given: string): string | null => {
    const text = given.trim();
    if (/^cid:/i.test(text)) return options.image(decode(text.slice(4))) ?? BLANK;
    if (dataImage.test(text)) return text;
    if (!/^https?:\/\//i.test(text)) return null;
    remoteImages += 1;
    if (!options.showRemote) return BLANK;
    return options.remote ? options.remote(text, remoteImages) : text;
  };
  const clean = sanitizeShallow(html, LONGEST, {
    allowedTags: [
      'a',
      'abbr',
      'address',
      'article',
      'b',
      'bdi',
      'bdo',
      'big',
      'blockquote',
      'br',
      'caption',
      'center',
      'cite',
      'code',
      'col',
      'colgroup',
      'dd',
      'del',
      'dfn',
      'div',
      'dl',
      'dt',
      'em',
      'figcaption',
      'figure',
      'font',
      'footer',
      'h1',
      'h2',
      'h3',
      'h4',
      'h5',
      'h6',
      'header',
      'hr',
      'i',
      'img',
      'ins',
      'kbd',
      'li',
      'main',
      'mark',
      'ol',
      'p',
      'pre',
      'q',
      's',
      'samp',
      'section',
      'small',
      'span',
      'strike',
      'strong',
      'sub',
      'sup',
      'table',
      'tbody',
      'td',
      'tfoot',
      'th',
      'thead',
      'time',
      'tr',
      'tt',
      'u',
      'ul',
      'var',
    ],
    allowedAttributes: {
      '*': ['align', 'dir', 'lang', 'style', 'title', 'valign'],
      a: ['href', 'target', 'rel'],
      img: ['src', 'alt', 'width', 'height', 'referrerpolicy'],
      font: ['color', 'face', 'size'],
      table: ['border', 'cellpadding', 'cellspacing', 'width', 'bgcolor'],
      td: ['colspan', 'rowspan', 'width', 'height', 'bgcolor', 'nowrap'],
      th: ['colspan', 'rowspan', 'width', 'height', 'bgcolor', 'nowrap'],
      tr: ['bgcolor'],
      ol: ['start', 'type'],
    },
    allowedStyles: { '*': styles },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    allowedSchemesByTag: { img: ['http', 'https', 'data'] },
    allowProtocolRelative: false,
    nonTextTags: [
      'script',
      'style',
      'textarea',
      'option',
      'noscript',
      'title',
      'head',
      'iframe',
      'object',
      'svg',
      'math',
      'template',
      'xmp',
      'noembed',
      'noframes',
      'plaintext',
    ],
    nestingLimit: 300,
    transformTags: {
      a: (tagName, { href = '', target: _target, rel: _rel, ...attribs }) => ({
        tagName,
        // A link without its scheme would lead into our own pages.
        attribs: /^\s*(https?|mailto|tel):/i.test(href)
          ? { href: href.trim(), target: '_blank', rel: 'noopener noreferrer nofollow', ...attribs }
          : attribs,
      }),
      img: (tagName, { src, referrerpolicy: _policy, ...attribs }) => {
        const shown = src === undefined ? null : source(src);
        return {
          tagName,
          attribs: shown === null ? attribs : { src: shown, referrerpolicy: 'no-referrer', ...attribs },
        };
      },
    },
    exclusiveFilter: ({ tag, attribs }) => tag === 'img' && attribs['src'] === undefined,
  });
  return { html: clean, remoteImages };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
