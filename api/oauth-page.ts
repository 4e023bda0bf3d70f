/** The page that a sign-in at a provider ends on, where there is something to say. Without scripts; colours as in tokens.css. */
export type Outcome =
  | { kind: 'done'; title: string; warnings: readonly string[]; href: string }
  | {
      kind: 'failed';
      status: 400 | 401 | 409 | 422;
      title: string;
      text: string;
      /** The provider's own words. */
      details?: string;
      href: string;
      action: string;
    };

export const outcomePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function outcomePage(outcome: Outcome): string {
  const body =
    outcome.kind === 'done'
      ? outcome.warnings.map((warning) => `<p>${escaped(warning)}</p>`).join('')
      : `<p>${escaped(outcome.text)}</p>${outcome.details === undefined ? '' : `<p class="details">${escaped(outcome.details)}</p>`}`;
  const action = outcome.kind === 'done' ? 'Open it in My Ring' : outcome.action;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(outcome.title)} · Teloring</title><style>${STYLE}</style></head>
<body><main><h1>${escaped(outcome.title)}</h1>${body}<p><a href="${escaped(outcome.href)}">${escaped(action)}</a></p></main></body></html>`;
}

const STYLE = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:0.875rem/1.55 'Inter Variable',system-ui,sans-serif;
background:light-dark(oklch(0.978 0.003 275),oklch(0.165 0.008 275));color:light-dark(oklch(0.235 0.016 275),oklch(0.94 0.005 275))}
main{box-sizing:border-box;width:min(30rem,calc(100vw - 2rem));padding:32px;border-radius:12px;
background:light-dark(oklch(1 0 0),oklch(0.195 0.009 275));border:1px solid light-dark(oklch(0.915 0.006 275),oklch(0.285 0.012 275))}
h1{font-size:1.25rem;line-height:1.3;margin:0 0 12px}p{margin:0 0 12px;overflow-wrap:anywhere}
.details{font-size:0.8125rem;color:light-dark(oklch(0.475 0.018 275),oklch(0.735 0.012 275))}
a{display:inline-block;margin-top:8px;padding:8px 16px;border-radius:8px;font-weight:550;text-decoration:none;
background:light-dark(oklch(0.52 0.205 278),oklch(0.56 0.19 278));color:oklch(0.995 0.003 280)}
a:focus-visible{outline:2px solid light-dark(oklch(0.55 0.2 278),oklch(0.74 0.14 280));outline-offset:2px}`;

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
