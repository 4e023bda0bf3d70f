/** A mailbox that we look into ourselves: how its looks go, and the mails that could not be taken in. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { findInbox } from '#db/inboxes.ts';
import { listKeptMails, retryKeptMail, type KeptMailRow } from '#db/kept-mails.ts';
import { findMailbox, type MailboxRow } from '#db/mailboxes.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';
import { asObject } from '../shapes/inbox.ts';

const keptShape = z.object({
  id: z.string(),
  /** Where it lies in the mailbox. */
  place: z.string(),
  sizeBytes: z.number(),
  receivedAt: z.string(),
  keptAt: z.string(),
  /** Why it could not be taken in, the last time. */
  reason: z.string(),
  tries: z.number(),
  /** Null: only when somebody asks. */
  nextTryAt: z.string().nullable(),
});
const mailboxShape = z
  .object({
    kind: z.enum(['imap', 'microsoft']),
    /** A process looks after it now. */
    held: z.boolean(),
    /** The last time the provider answered all we asked. */
    lastOkAt: z.string().nullable(),
    lastError: z
      .object({
        kind: z.enum(['credentials', 'setup', 'transient', 'ours']),
        message: z.string(),
        at: z.string(),
      })
      .nullable(),
    /** Failed looks in a row. */
    failures: z.number(),
    nextLookAt: z.string(),
    /** What the last look saw: folder, push, lastUid, behind (mails still to come in). */
    facts: z.record(z.string(), z.unknown()),
    /** Mails that could not be taken in and are kept whole, newest first. */
    kept: z.array(keptShape),
  })
  .openapi('Mailbox');

const read = createRoute({
  method: 'get',
  path: '/api/inboxes/{id}/mailbox',
  summary: 'How looking into its mailbox goes; 404 for inboxes without one',
  middleware: [requirePermission('inboxes:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(mailboxShape, 'The mailbox.'), ...refusals },
});
const retry = createRoute({
  method: 'post',
  path: '/api/inboxes/{id}/kept-mails/{mailId}/retry',
  summary: 'Try a kept mail again at once',
  middleware: [requirePermission('inboxes:write')] as const,
  request: { params: idParam.extend({ mailId: z.uuid() }) },
  responses: { 202: jsonAnswer(z.object({ id: z.string() }), 'It is tried in a moment.'), ...refusals },
});

export function mailboxRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(read, async (c) => {
      const { id } = c.req.valid('param');
      const found = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        if (!(await findInbox(tx, id))) throw notFound('inbox');
        const mailbox = await findMailbox(tx, id);
        return mailbox && { mailbox, kept: await listKeptMails(tx, id, 100) };
      });
      if (!found) throw notFound('mailbox');
      return c.json(toMailbox(found.mailbox, found.kept), 200);
    })
    .openapi(retry, async (c) => {
      const actor = c.get('actor');
      const { id, mailId } = c.req.valid('param');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        if (!(await findInbox(tx, id))) throw notFound('inbox');
        if (!(await retryKeptMail(tx, id, mailId))) throw notFound('kept mail');
        await audit(tx, actor, 'kept_mail.retried', { kind: 'inbox', id }, { keptMailId: mailId });
      });
      return c.json({ id: mailId }, 202);
    });
}

type MailboxWire = z.infer<typeof mailboxShape>;

function toMailbox(row: MailboxRow, kept: readonly KeptMailRow[]): MailboxWire {
  return {
    // Both written by us only: db/mailboxes.ts.
    kind: row.kind as MailboxWire['kind'],
    lastError: row.lastError as MailboxWire['lastError'],
    held: row.held,
    lastOkAt: row.lastOkAt?.toISOString() ?? null,
    failures: row.failures,
    nextLookAt: row.nextLookAt.toISOString(),
    facts: asObject(row.facts),
    kept: kept.map((mail) => ({
      id: mail.id,
      place: mail.place,
      sizeBytes: mail.sizeBytes,
      receivedAt: mail.receivedAt.toISOString(),
      keptAt: mail.keptAt.toISOString(),
      reason: mail.reason,
      tries: mail.tries,
      nextTryAt: mail.nextTryAt?.toISOString() ?? null,
    })),
  };
}
