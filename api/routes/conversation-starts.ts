/** An agent writes first: contact, conversation and message in one transaction. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { readSubject } from '#channels/email/addresses.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace, type Tx } from '#db/client.ts';
import { keepStart, openForStart, startedBefore, type Started } from '#db/conversation-starts.ts';
import { findConversation, markRead } from '#db/conversations.ts';
import { openEmailThread } from '#db/email-threads.ts';
import { findInbox, type InboxRow } from '#db/inboxes.ts';
import { attachMedia } from '#db/media.ts';
import { findMessage } from '#db/messages.ts';
import { agentReply } from '#db/ownership.ts';
import { emailOf, LONGEST_SUBJECT, oneLine } from '#domain/email.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { Part } from '#domain/message.ts';
import { actingAs } from '../acting.ts';
import { storable } from '../body.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { carriesEmail, completeEmail, withSubject } from '../email/outgoing.ts';
import { mediaLinks } from '../media-links.ts';
import { ApiError } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, jsonAnswer, jsonBody, refusals } from '../openapi.ts';
import { completeParts, contentFields, eitherTextOrParts, mediaIds, unitsFor } from '../outgoing.ts';
import { checkReply } from '../replies.ts';
import { conversationShape, toConversation } from '../shapes/conversation.ts';
import { messageShape, toMessage } from '../shapes/message.ts';
import { holdMsOf } from '../undo.ts';

const bodySchema = z
  .object({
    inboxId: z.uuid(),
    to: z.object({
      address: z.string().max(320),
      name: z.string().trim().max(200).regex(oneLine, 'A name is one line of text.').optional(),
    }),
    /** Where messages are emails. */
    subject: z
      .string()
      .trim()
      .max(LONGEST_SUBJECT)
      .regex(oneLine, 'A subject is one line of text.')
      .optional(),
    clientMessageId: z.string().min(1).max(200),
    ...contentFields,
  })
  .refine(...eitherTextOrParts);
type Body = z.infer<typeof bodySchema>;

const begunShape = conversationShape.extend({ message: messageShape }).openapi('BegunConversation');
const begin = createRoute({
  method: 'post',
  path: '/api/conversations',
  summary: 'Write to somebody first, where the channel can. Repeating a clientMessageId begins nothing twice',
  middleware: [requirePermission('conversations:write')] as const,
  request: { body: jsonBody(bodySchema) },
  responses: {
    200: jsonAnswer(begunShape, 'This clientMessageId was here before: what it began.'),
    201: jsonAnswer(begunShape, 'The conversation and its first message, which is on its way.'),
    ...refusals,
  },
});

export function conversationStartRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const links = mediaLinks(deps);
  const link = (mediaId: string): string => links.link(mediaId);
  return createRouter().openapi(begin, async (c) => {
    const actor = c.get('actor');
    const body = c.req.valid('json');
    const { conversation, message, created } = await inWorkspace(
      deps.appDb,
      actor.workspaceId,
      async (tx) => {
        const start = {
          workspaceId: actor.workspaceId,
          inboxId: body.inboxId,
          clientMessageId: storable(body.clientMessageId),
        };
        const before = await startedBefore(tx, start);
        const made = before ?? (await begun(tx, { deps, actor, body, link }));
        const conversation = await findConversation(tx, made.conversationId, actor.userId);
        const message = await findMessage(tx, made.messageId);
        if (!conversation || !message) throw new Error('What was just begun can’t be read.');
        return { conversation, message, created: before === null };
      },
    );
    // A repeat pays too: the first request may have died between its commit and this line.
    if (message.status === 'planned') await deps.engine.startOutbound(message.id);
    deps.feed.poke();
    const answer = { ...toConversation(conversation), message: toMessage(message, link) };
    return created ? c.json(answer, 201) : c.json(answer, 200);
  });
}

interface Ask {
  deps: ApiDeps;
  actor: RequestActor;
  body: Body;
  link: (mediaId: string) => string;
}

/** @throws ApiError 422; then the transaction must roll back */
async function begun(tx: Tx, { deps, actor, body, link }: Ask): Promise<Started> {
  const inbox = await findInbox(tx, body.inboxId);
  if (!inbox)
    throw refused('unknown_reference', 'There is no such inbox in this workspace; nothing was sent.');
  const to = addressee(inbox, body);
  const parts = await completeEmail(
    tx,
    deps.inboxes,
    {
      inboxId: inbox.id,
      inboxType: inbox.type,
      conversationId: null,
      contactExternalId: to.contact.externalId,
    },
    withSubject(await completeParts(tx, body), inbox.type, body.subject),
  );
  const start = {
    workspaceId: actor.workspaceId,
    inboxId: inbox.id,
    clientMessageId: storable(body.clientMessageId),
  };
  const conversationId = await openForStart(tx, start, {
    ...to.contact,
    threadKey: to.isOwnThread ? await newThread(tx, actor, inbox, to.contact.externalId, parts) : '',
    reopenWithinHours: inbox.reopen_within_hours,
  });
  const conversation = await findConversation(tx, conversationId, null);
  if (!conversation) throw new Error('The conversation was just opened and can’t be read.');
  const units = unitsFor(inbox.type, parts, link);
  await checkReply(tx, conversation, { private: false }, units);
  const { messageId } = await agentReply(tx, {
    workspaceId: actor.workspaceId,
    conversationId,
    actor: actingAs(actor),
    authorName: actor.name,
    clientMessageId: start.clientMessageId,
    units,
    isPrivate: false,
    holdMs: holdMsOf(conversation, actor),
  });
  await attachMedia(tx, messageId, mediaIds(parts));
  await keepStart(tx, start, { conversationId, messageId });
  if (actor.userId !== null)
    await markRead(tx, actor.workspaceId, conversationId, actor.userId, conversation.last_seq + units.length);
  await audit(tx, actor, 'conversation.begun', { kind: 'conversation', id: conversationId }, { messageId });
  return { conversationId, messageId };
}

function addressee(inbox: InboxRow, { to }: Body) {
  const definition = isChannelType(inbox.type) ? definitions[inbox.type] : null;
  const how = definition?.capabilities.startsConversations;
  if (!definition?.contactAddress || how === undefined)
    throw refused(
      'not_supported',
      `${definition?.title ?? 'This channel'} only lets us answer: wait until they write. Nothing was sent.`,
    );
  const { schema, is } = definition.contactAddress;
  const address = schema.safeParse(to.address);
  if (!address.success)
    throw refused(
      'invalid',
      `${address.error.issues[0]?.message ?? 'This is no address.'} Nothing was sent.`,
    );
  return {
    contact: {
      externalId: address.data,
      name: to.name || null,
      email: is === 'email' ? address.data : null,
      phone: is === 'phone' ? address.data : null,
    },
    isOwnThread: how === 'own_thread',
  };
}

/** What answers will be recognised by, where the channel knows its threads; else any key that nobody else has. */
async function newThread(
  tx: Tx,
  { workspaceId }: RequestActor,
  inbox: InboxRow,
  contact: string,
  parts: readonly Part[],
): Promise<string> {
  if (!carriesEmail(inbox.type)) return uuidV7();
  const { about } = readSubject(emailOf(parts)?.subject ?? '');
  return openEmailThread(tx, { workspaceId, inboxId: inbox.id, contact, about });
}

const refused = (code: string, message: string): ApiError => new ApiError(422, code, message);
