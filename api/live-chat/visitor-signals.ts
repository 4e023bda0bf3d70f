/** What a visitor's browser tells beside messages: that they type, what they have read, what they answered to our questions. */
import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import {
  fieldsSchema,
  preChatAnswersSchema,
  receiptSchema,
  surveyAnswerSchema,
  typingSchema,
} from '#channels/live_chat/wire.ts';
import { inWorkspace } from '#db/client.ts';
import { answerSurvey } from '#db/csat.ts';
import { storeAnswers, storeFields, visitorProfile } from '#db/visitor-profiles.ts';
import { latestConversationId, receivable } from '#db/visitors.ts';
import { isUuid } from '#domain/ids.ts';
import { isWritten } from '#domain/live-chat/localized.ts';
import { readPreChat } from '#domain/live-chat/pre-chat.ts';
import { CSAT_SCORES, type CsatScale, type PreChat } from '#domain/live-chat/settings.ts';
import { storable } from '../body.ts';
import type { AppEnv } from '../deps.ts';
import { bodyLimit, MAX_BODY_BYTES } from '../middleware/body-limit.ts';
import { ApiError } from '../middleware/errors.ts';
import { acceptReceipt } from './accept.ts';
import { settingsOf } from './settings.ts';
import { knownOf, mustBeAsked, stateNow } from './visitor-state.ts';
import type { LiveChatDeps, Visitors } from './visitors.ts';

export function addVisitorSignals(routes: Hono<AppEnv>, deps: LiveChatDeps, visitors: Visitors): void {
  const small = bodyLimit(MAX_BODY_BYTES);

  routes.post('/live-chat/:inboxId/typing', small, async (c) => {
    const { inbox, visitor } = await visitors.visitor(c, 'signals');
    const { typing } = await bodyOf(c, typingSchema);
    const conversationId = await inWorkspace(deps.appDb, inbox.workspaceId, (tx) =>
      latestConversationId(tx, visitor),
    );
    const { workspaceId } = inbox;
    const { inboxId, externalId: contactExternalId } = visitor;
    await deps.typing.tell({
      workspaceId,
      inboxId,
      contactExternalId,
      conversationId,
      from: 'contact',
      typing,
    });
    return c.body(null, 204);
  });

  // Only what this visitor was sent: of anything else nothing is said, and nothing happens.
  routes.post('/live-chat/:inboxId/receipts', small, async (c) => {
    const { inbox, visitor } = await visitors.visitor(c, 'signals');
    const { receipt } = await bodyOf(c, receiptSchema);
    const messageIds = await inWorkspace(deps.appDb, inbox.workspaceId, (tx) =>
      receivable(tx, visitor, receipt.messageIds, receipt.status),
    );
    await acceptReceipt(deps, inbox, visitor, { status: receipt.status, messageIds });
    return c.body(null, 204);
  });

  routes.post('/live-chat/:inboxId/pre-chat', small, async (c) => {
    const { inbox, session, visitor } = await visitors.visitor(c);
    const body = await bodyOf(c, preChatAnswersSchema);
    const { preChat } = settingsOf(inbox);
    const language = body.language === undefined ? null : storable(body.language);
    await inWorkspace(deps.appDb, inbox.workspaceId, async (tx) => {
      const profile = await visitorProfile(tx, visitor);
      // A second tab's answers, or a repeat: the first stand.
      if (!mustBeAsked(preChat, profile)) return;
      const known = session.personId === null ? [] : knownOf(profile);
      const read = readPreChat(withoutKnown(preChat, known), body, language);
      if (read.kind === 'refused') {
        throw new ApiError(422, 'invalid', 'Some answers are missing or wrong.', read.problems);
      }
      await storeAnswers(tx, {
        workspaceId: inbox.workspaceId,
        visitor,
        answers: read.answers,
        consented: isWritten(preChat.consent),
        language,
      });
    });
    return c.json({ state: await stateNow(deps, inbox, session) }, 200);
  });

  routes.post('/live-chat/:inboxId/fields', small, async (c) => {
    const { inbox, visitor } = await visitors.visitor(c);
    const { fields } = await bodyOf(c, fieldsSchema);
    await inWorkspace(deps.appDb, inbox.workspaceId, (tx) =>
      storeFields(tx, inbox.workspaceId, visitor, fields),
    );
    return c.body(null, 204);
  });

  routes.post('/live-chat/:inboxId/surveys/:surveyId', small, async (c) => {
    const { inbox, session, visitor } = await visitors.visitor(c);
    const { score, comment } = await bodyOf(c, surveyAnswerSchema);
    const surveyId = c.req.param('surveyId');
    const result = isUuid(surveyId)
      ? await inWorkspace(deps.appDb, inbox.workspaceId, (tx) =>
          answerSurvey(tx, visitor, surveyId, { score, comment, most }),
        )
      : 'gone';
    if (result === 'gone')
      throw new ApiError(
        404,
        'survey_over',
        'This question can no longer be answered. Thank you all the same.',
      );
    if (result === 'out_of_scale')
      throw new ApiError(422, 'invalid', 'The score is not one that was offered.');
    return c.json({ state: await stateNow(deps, inbox, session) }, 200);
  });
}

const most = (scale: CsatScale): number => CSAT_SCORES[scale];

function withoutKnown(preChat: PreChat, known: readonly string[]): PreChat {
  return { ...preChat, fields: preChat.fields.filter(({ key }) => !known.includes(key)) };
}

/** @throws ApiError 400 */
export async function bodyOf<Schema extends z.ZodType>(
  c: Context<AppEnv>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const json: unknown = await c.req.json().catch(() => undefined);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ApiError(400, 'malformed', `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}
