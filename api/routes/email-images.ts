/** Remote pictures of a mail, fetched by us: the sender learns neither who reads it nor from where, and the page loads nothing elsewhere. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { HttpError } from '#channels/http-error.ts';
import type { HttpClient, HttpResponse } from '#channels/http.ts';
import { readMail } from '#channels/email/mail.ts';
import { safeHtml } from '#channels/email/safe-html.ts';
import { sniffMimeType } from '#channels/sniff.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { originalOf } from '../email/original.ts';
import { ApiError } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, refusals } from '../openapi.ts';

const maxBytes = 10 * 1024 * 1024;
const timeoutMs = 15_000;
const MOST_REDIRECTS = 3;
const shown = /^image\/(png|jpeg|gif|webp|avif|apng|bmp|x-icon)$/;

const image = createRoute({
  method: 'get',
  path: '/api/messages/{id}/email/images/{n}',
  summary: 'The n-th remote picture of a mail’s HTML, fetched for you; only once its reader wants to see it',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam.extend({ n: z.coerce.number().int().min(1).max(100_000) }) },
  responses: {
    200: { description: 'The picture.', content: { 'image/*': { schema: z.any() } } },
    ...refusals,
  },
});

export function emailImageRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(image, async (c) => {
    const { id, n } = c.req.valid('param');
    const { raw } = await originalOf(deps, c.get('actor'), id);
    const url = remoteImages((await readMail(raw)).html ?? '')[n - 1];
    if (url === undefined) throw new ApiError(404, 'not_found', 'This mail has no such picture.');
    const { body } = await fetched(deps.http, url).catch((error: unknown) => {
      if (!(error instanceof HttpError)) throw error;
      throw new ApiError(404, 'image_missing', 'The picture could not be fetched from its server.');
    });
    const mimeType = await sniffMimeType(body, '');
    if (!shown.test(mimeType)) throw new ApiError(404, 'no_image', 'What its server sent is no picture.');
    return c.body(Buffer.from(body), 200, {
      'Content-Type': mimeType,
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'private, max-age=86400',
    });
  });
}

function remoteImages(html: string): string[] {
  const urls: string[] = [];
  const remote = (url: string): string => {
    urls.push(url);
    return '';
  };
  safeHtml(html, { image: () => null, showRemote: true, remote });
  return urls;
}

/** Follows a few redirects, each looked at like the first: none leads to a private address. @throws HttpError */
async function fetched(http: HttpClient, first: string): Promise<HttpResponse> {
  const signal = AbortSignal.timeout(timeoutMs);
  let url = first;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const response = await http.request({
      method: 'GET',
      url,
      headers: { accept: 'image/*' },
      signal,
      maxBytes,
    });
    const { location } = response.headers;
    if (response.status >= 300 && response.status < 400 && location && URL.canParse(location, url)) {
      url = new URL(location, url).href;
      continue;
    }
    if (response.status === 200) return response;
    break;
  }
  throw new HttpError('no_answer', 'The server of the picture gave none.');
}
