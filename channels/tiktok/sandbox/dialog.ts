/** TikTok's authorization page, on which an account's owner agrees or doesn't. */
import { newSecret, nextId, type World } from './account.ts';

export function dialog(world: World, url: URL): Response {
  const query = url.searchParams;
  const redirectUri = query.get('redirect_uri') ?? '';
  const app = world.deps.apps.tiktok;
  if (!app || query.get('client_key') !== app.id)
    return page('<p>This app is not known here: <code>client_key</code> is wrong.</p>', 400);
  // Nobody is sent anywhere but home.
  if (!redirectUri.startsWith(`${world.deps.publicUrl}/`))
    return page('<p><code>redirect_uri</code> is not registered for this app.</p>', 400);
  const code = newSecret('code');
  const businessId = query.get('open_id') ?? `sandbox-business-${nextId()}`;
  world.codes.set(code, { businessId, redirectUri, scope: query.get('scope') ?? '' });
  const back = (answer: Record<string, string>): string => {
    const target = new URL(redirectUri);
    for (const [name, value] of Object.entries({ ...answer, state: query.get('state') ?? '' }))
      target.searchParams.set(name, value);
    return escaped(target.href);
  };
  return page(
    `<p>Let the app read and write the direct messages of <b>${escaped(businessId)}</b>?</p>
    <p><a href="${back({ code, auth_code: code, scopes: query.get('scope') ?? '' })}">Authorize</a>
    <a href="${back({ error: 'access_denied', error_description: 'The user denied the request' })}">Cancel</a></p>`,
    200,
  );
}

function page(content: string, status: number): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>TikTok (sandbox)</title><h1>TikTok (sandbox)</h1>${content}</html>`;
  return new Response(html, { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
