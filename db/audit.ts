/** The audit log: who changed what. Written in the transaction of the change, so that neither exists without the other. */
import { sql } from 'kysely';
import { uuidV7 } from '#domain/ids.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';

/** A RequestActor fits. Neither user nor key is the system itself. */
export interface AuditActor {
  userId: string | null;
  apiKeyId: string | null;
  name: string;
  workspaceId: string;
  requestId?: string;
}
export interface AuditSubject {
  kind: string;
  id: string | null;
}
export interface AuditEntry {
  id: string;
  actor: { kind: string; id: string | null; name: string };
  action: string;
  subject: AuditSubject;
  diff: Json;
  requestId: string | null;
  createdAt: string;
}

/**
 * Records one change, in the transaction that makes it.
 * @param action `<thing>.<verb>`, such as `flow.published`
 * @param diff what changed, small. Values under names that sound secret are replaced; still, pass no secrets.
 */
export async function audit(
  tx: Tx,
  actor: AuditActor,
  action: string,
  subject: AuditSubject,
  diff: JsonObject = {},
): Promise<void> {
  await tx
    .insertInto('audit_log')
    .values({
      id: uuidV7(),
      workspace_id: actor.workspaceId,
      actor_kind: actor.userId !== null ? 'user' : actor.apiKeyId !== null ? 'api_key' : 'system',
      actor_id: actor.userId ?? actor.apiKeyId,
      actor_name: actor.name,
      action,
      subject_kind: subject.kind,
      subject_id: subject.id,
      diff: JSON.stringify(withoutSecrets(diff)),
      request_id: actor.requestId ?? null,
    })
    .execute();
}

const secretName = /secret|password|token|credential|api_?key|authorization|private_?key|hash/i;

/** Replaces the values of secret-sounding names, at any depth. */
export function withoutSecrets(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      secretName.test(name) && inner !== null ? '[secret]' : withoutSecrets(inner),
    ]),
  );
}

export interface AuditFilter {
  subjectKind?: string;
  subjectId?: string;
  actorId?: string;
  action?: string;
}

/** Newest first. @param before the id of the last entry already seen */
export async function listAudit(
  tx: Tx,
  filter: AuditFilter,
  limit: number,
  before: string | null,
): Promise<AuditEntry[]> {
  let query = tx.selectFrom('audit_log').selectAll().orderBy('id', 'desc').limit(limit);
  if (before !== null) query = query.where('id', '<', before);
  if (filter.subjectKind !== undefined) query = query.where('subject_kind', '=', filter.subjectKind);
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  if (filter.actorId !== undefined) query = query.where(sql<boolean>`actor_id::text = ${filter.actorId}`);
  if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id },
    diff: row.diff,
    requestId: row.request_id,
    createdAt: row.created_at.toISOString(),
  }));
}
