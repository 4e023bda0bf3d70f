/** A message's mail as it came: whole and safe to look at, or as the file it is. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { readMail, type Mail } from '#channels/email/mail.ts';
import { shownField } from '#channels/email/fields.ts';
import { safeHtml } from '#channels/email/safe-html.ts';
import { isMedia, type EmailPart, type Part } from '#domain/message.ts';
import { storableText } from '#domain/text.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { originalOf, remoteImagePath } from '../email/original.ts';
import { mediaLinks } from '../media-links.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';

const addressShape = z.object({ address: z.string(), name: z.string().optional() });
const emailShape = z
  .object({
    subject: z.string(),
    from: addressShape.nullable(),
    to: z.array(addressShape),
    cc: z.array(addressShape),
    replyTo: z.array(addressShape),
    date: z.string().nullable(),
    messageId: z.string(),
    /** Those that tell something, in their order. */
    headers: z.array(z.object({ name: z.string(), value: z.string() })),
    /** The whole text, quotes and signature too. */
    text: z.string(),
    /** Safe to show; null where the mail has no HTML. */
    html: z.string().nullable(),
    /** Pictures of other servers it wants to load; blank unless `?images=1`. */
    remoteImages: z.number(),
    authentication: z
      .object({
        verdict: z.enum(['pass', 'fail', 'none']),
        spf: z.string().optional(),
        dkim: z.string().optional(),
        dmarc: z.string().optional(),
      })
      .nullable(),
  })
  .openapi('Email');

const read = createRoute({
  method: 'get',
  path: '/api/messages/{id}/email',
  summary: 'The mail behind a message, its HTML made safe',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam, query: z.object({ images: z.enum(['0', '1']).default('0') }) },
  responses: { 200: jsonAnswer(emailShape, 'The mail.'), ...refusals },
});
const original = createRoute({
  method: 'get',
  path: '/api/messages/{id}/email/original',
  summary: 'The mail as it came, as a file',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam },
  responses: {
    200: { description: 'The .eml file.', content: { 'message/rfc822': { schema: z.any() } } },
    ...refusals,
  },
});

export function emailRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const links = mediaLinks(deps);
  return createRouter()
    .openapi(read, async (c) => {
      const { row, raw } = await originalOf(deps, c.get('actor'), c.req.valid('param').id);
      const mail = await readMail(raw);
      const parts = row.parts as unknown as Part[];
      const files = parts.filter((part) => isMedia(part));
      const email = parts.find((part): part is EmailPart => part.kind === 'email');
      const safe =
        mail.html === null
          ? null
          : safeHtml(mail.html, {
              showRemote: c.req.valid('query').images === '1',
              remote: (_url, n) => remoteImagePath(row.id, n),
              image: (contentId) => {
                // The message's files stand in the order of the mail's.
                const file = files[mail.attachments.findIndex((each) => each.contentId === contentId)];
                return file ? links.link(file.mediaId) : null;
              },
            });
      return c.json(
        {
          subject: storableText(mail.subject),
          from: mail.from[0] ?? null,
          to: mail.to,
          cc: mail.cc,
          replyTo: mail.replyTo,
          date: mail.dateMs === undefined ? null : new Date(mail.dateMs).toISOString(),
          messageId: mail.messageId,
          headers: chosenHeaders(mail),
          text: storableText(mail.text),
          html: safe && storableText(safe.html),
          remoteImages: safe?.remoteImages ?? 0,
          authentication: email?.authentication ?? null,
        },
        200,
      );
    })
    .openapi(original, async (c) => {
      const { raw } = await originalOf(deps, c.get('actor'), c.req.valid('param').id);
      const name =
        (await readMail(raw)).subject
          .replaceAll(/[^\p{L}\p{N} ._-]+/gu, ' ')
          .trim()
          .slice(0, 80)
          .toWellFormed() || 'mail';
      return c.body(Buffer.from(raw), 200, {
        'Content-Type': 'message/rfc822',
        'Content-Disposition': `attachment; filename="mail.eml"; filename*=UTF-8''${encodeURIComponent(`${name}.eml`)}`,
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'private, no-store',
      });
    });
}

const telling = [
  'date',
  'reply-to',
  'sender',
  'return-path',
  'delivered-to',
  'x-forwarded-to',
  'list-id',
  'list-unsubscribe',
  'auto-submitted',
  'precedence',
  'authentication-results',
  'x-mailer',
  'user-agent',
  'importance',
  'in-reply-to',
];
function chosenHeaders(mail: Mail): { name: string; value: string }[] {
  return telling
    .map((name) => ({ name, value: storableText(shownField(mail.headers, name)).slice(0, 2_000) }))
    .filter(({ value }) => value !== '');
}
