/** Files: what the phone shows, signed links of attachments, WhatsApp's links that need the token. */
import { answer } from './answers.ts';
import { tokenProblem } from './tokens.ts';
import type { World } from './world.ts';

export function download(world: World, request: Request, path: string): Response {
  const [, way, id = ''] = /^\/(phone|attachment|whatsapp)\/([\w-]+)$/.exec(path) ?? [];
  const file = world.files.get(id);
  if (!file) return answer({ error: { message: 'Bad URL hash' } }, 404);
  const query = new URL(request.url).searchParams;
  const bearer = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  if (way === 'whatsapp' && tokenProblem(bearer))
    return answer({ error: { message: 'Authentication Error' } }, 401);
  if (way === 'whatsapp' && world.now() > Number(query.get('ext')))
    return answer({ error: { message: 'URL expired' } }, 404);
  const until = query.get('oe');
  if (way === 'attachment' && until !== null && world.now() > Number.parseInt(until, 16) * 1000)
    return new Response('URL signature expired', { status: 403 });
  return new Response(Uint8Array.from(file.bytes), { headers: { 'content-type': file.mimeType } });
}
