/** How it was: surveys are made when a conversation is resolved (0011_live_chat.sql), answered by the visitor, read by the team. */
import { sql, type Selectable } from 'kysely';
import type { CsatScale } from '#domain/live-chat/settings.ts';
import { storableText } from '#domain/text.ts';
import type { Tx } from './client.ts';
import type { CsatSurveysTable } from './schema-live-chat.ts';
import { emit } from './ui-events.ts';
import type { VisitorKey } from './visitors.ts';

export type SurveyRow = Selectable<CsatSurveysTable>;

/** The survey a visitor is to be shown: of the conversation they were in last, while it is resolved and nothing was answered. */
export async function openSurvey(
  tx: Tx,
  visitor: VisitorKey,
): Promise<{ id: string; scale: CsatScale } | null> {
  const { rows } = await sql<{ id: string; scale: CsatScale }>`
    select s.id, s.scale
      from contacts k
      join lateral (select c.* from conversations c where c.contact_id = k.id order by c.created_at desc, c.id desc limit 1) c on true
      join lateral (select * from csat_surveys x where x.conversation_id = c.id order by x.id desc limit 1) s on true
     where k.inbox_id = ${visitor.inboxId} and k.external_id = ${visitor.externalId}
       and c.status = 'resolved' and s.resolved_at = c.resolved_at and s.answered_at is null and s.expires_at > now()`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export type SurveyAnswer = 'answered' | 'changed' | 'gone' | 'out_of_scale';

/**
 * The visitor's answer; until the survey expires a later one replaces it (first the face, then the words). Shown to the team as one
 * line of the conversation.
 */
export async function answerSurvey(
  tx: Tx,
  visitor: VisitorKey,
  id: string,
  answer: { score: number; comment: string; most: (scale: CsatScale) => number },
): Promise<SurveyAnswer> {
  const survey = await tx
    .selectFrom('csat_surveys as s')
    .innerJoin('contacts as k', 'k.id', 's.contact_id')
    .innerJoin('conversations as c', 'c.id', 's.conversation_id')
    .select(['s.workspace_id', 's.conversation_id', 's.scale', 's.answered_at', 's.contact_id', 'c.last_seq'])
    .where('s.id', '=', id)
    .where('k.inbox_id', '=', visitor.inboxId)
    .where('k.external_id', '=', visitor.externalId)
    .where('s.expires_at', '>', sql<Date>`now()`)
    .forUpdate('s')
    .executeTakeFirst();
  if (!survey) return 'gone';
  if (answer.score > answer.most(survey.scale as CsatScale)) return 'out_of_scale';
  const comment = storableText(answer.comment);
  await tx
    .updateTable('csat_surveys')
    .set({ score: answer.score, comment, answered_at: survey.answered_at ?? new Date() })
    .where('id', '=', id)
    .execute();
  await tx
    .insertInto('conversation_activities')
    .values({
      // One line per survey, whatever is added to the answer.
      id,
      workspace_id: survey.workspace_id,
      conversation_id: survey.conversation_id,
      after_seq: survey.last_seq,
      kind: 'rated',
      actor_kind: 'contact',
      actor_id: survey.contact_id,
      data: JSON.stringify({ score: answer.score, scale: survey.scale, comment }),
    })
    .onConflict((conflict) => conflict.column('id').doUpdateSet((eb) => ({ data: eb.ref('excluded.data') })))
    .execute();
  await emit(tx, survey.workspace_id, 'conversation.updated', { conversationId: survey.conversation_id });
  return survey.answered_at === null ? 'answered' : 'changed';
}

export interface SurveyFilter {
  inboxId?: string;
}

/** Answered ones, newest first by when they were asked. */
export async function listSurveys(
  tx: Tx,
  filter: SurveyFilter,
  limit: number,
  before: string | null,
): Promise<(SurveyRow & { contact_name: string | null })[]> {
  let query = tx
    .selectFrom('csat_surveys as s')
    .innerJoin('contacts as k', 'k.id', 's.contact_id')
    .selectAll('s')
    .select('k.name as contact_name')
    .where('s.answered_at', 'is not', null)
    .orderBy('s.id', 'desc')
    .limit(limit);
  if (filter.inboxId !== undefined) query = query.where('s.inbox_id', '=', filter.inboxId);
  if (before !== null) query = query.where('s.id', '<', before);
  return query.execute();
}

export interface SurveySummary {
  scale: CsatScale;
  asked: number;
  answered: number;
  /** How often each score was given. */
  scores: Record<string, number>;
}

export async function summarizeSurveys(tx: Tx, filter: SurveyFilter): Promise<SurveySummary[]> {
  const { rows } = await sql<SurveySummary>`
    select scale, sum(n)::bigint as asked, coalesce(sum(n) filter (where score is not null), 0)::bigint as answered,
           coalesce(jsonb_object_agg(score::text, n) filter (where score is not null), '{}') as scores
      from (select scale, score, count(*) as n from csat_surveys
             where ${filter.inboxId ?? null}::uuid is null or inbox_id = ${filter.inboxId ?? null}::uuid
             group by scale, score) counted
     group by scale order by scale`.execute(tx);
  return rows;
}
