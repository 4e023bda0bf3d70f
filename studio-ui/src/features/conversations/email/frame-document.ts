/**
 * A mail's HTML as a document of its own for a frame without scripts. The HTML is sanitized by the server already; this is the second wall:
 * the frame may run nothing, load nothing but our own pictures, post nothing, and its policy stands before the first byte of the mail. Pure.
 */

/** What its frame is allowed: to be measured by us, and to open links in new tabs. Without `allow-scripts` nothing in it ever runs. */
export const FRAME_SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';

export function framePolicy(origin: string): string {
  return [
    "default-src 'none'",
    `img-src ${origin} data:`,
    "style-src 'unsafe-inline'",
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');
}

/** Mails are written for white paper, and stay on it in dark mode: their own colours remain readable. */
const paper = `
  :root { color-scheme: light; background: #fff; }
  /* As wide as its widest part, so that both margins are seen. */
  body { display: inline-block; box-sizing: border-box; min-width: 100%; margin: 0; padding: 16px; color: #1f2430; background: #fff; overflow-wrap: anywhere;
    font: 14px/1.5 system-ui, sans-serif; }
  img { max-width: 100%; }
  img:not([height]) { height: auto; }
  pre { white-space: pre-wrap; }
  a { color: #3f3fc4; }
  blockquote { margin: 8px 0; padding-left: 12px; border-left: 2px solid #c9ccd6; }
`;

export function frameDocument(html: string, origin: string): string {
  return [
    '<!doctype html><html><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${framePolicy(origin)}">`,
    '<meta name="referrer" content="no-referrer"><base target="_blank">',
    `<style>${paper}</style></head><body>`,
    html,
    '</body></html>',
  ].join('');
}
