/** Flows and their immutable versions. */
import { sql, type Selectable } from 'kysely';
import { uuidV7 } from '#domain/ids.ts';
import type { Known } from '#domain/flow/types.ts';
import type { JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';
import type { FlowsTable, FlowVersionsTable } from './schema.ts';
import { emit } from './ui-events.ts';

export type FlowRow = Selectable<FlowsTable> & {
  published_version_no: number | null;
  published_at: Date | null;
  /** Whether the draft differs from what is published; true where nothing is. */
  draft_differs: boolean;
};
export type FlowVersionRow = Selectable<FlowVersionsTable>;

function base(tx: Tx) {
  return tx
    .selectFrom('flows as f')
    .leftJoin('flow_versions as v', 'v.id', 'f.published_version_id')
    .selectAll('f')
    .select([
      'v.version_no as published_version_no',
      'v.created_at as published_at',
      sql<boolean>`f.draft is distinct from v.definition`.as('draft_differs'),
    ])
    .where('f.deleted_at', 'is', null);
}

/** Newest first. @param before the id of the last one already seen */
export async function listFlows(tx: Tx, limit: number, before: string | null): Promise<FlowRow[]> {
  let query = base(tx);
  if (before !== null) query = query.where('f.id', '<', before);
  return query.orderBy('f.id', 'desc').limit(limit).execute();
}

export async function findFlow(tx: Tx, id: string): Promise<FlowRow | undefined> {
  return base(tx).where('f.id', '=', id).executeTakeFirst();
}

/** Behind the flows there are: a new one takes no message away from another. */
export async function insertFlow(
  tx: Tx,
  workspaceId: string,
  name: string,
  draft: JsonObject,
): Promise<string> {
  const id = uuidV7();
  await tx
    .insertInto('flows')
    .values({
      id,
      workspace_id: workspaceId,
      name,
      draft: JSON.stringify(draft),
      position: sql<number>`(select coalesce(max(position) + 1, 0) from flows where workspace_id = ${workspaceId} and deleted_at is null)`,
    })
    .execute();
  await flowChanged(tx, workspaceId, id);
  return id;
}

export interface FlowChanges {
  name?: string;
  enabled?: boolean;
  position?: number;
  draft?: JsonObject;
}

export async function updateFlow(
  tx: Tx,
  workspaceId: string,
  id: string,
  changes: FlowChanges,
): Promise<boolean> {
  const { draft, ...rest } = changes;
  const row = await tx
    .updateTable('flows')
    .set({ ...rest, ...(draft !== undefined && { draft: JSON.stringify(draft) }), updated_at: sql`now()` })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (row) await flowChanged(tx, workspaceId, id);
  return row !== undefined;
}

/** Takes no more messages; runs that are under way finish, for their version stays. False if there is none. */
export async function deleteFlow(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  const row = await tx
    .updateTable('flows')
    .set({ deleted_at: sql`now()`, enabled: false, updated_at: sql`now()` })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (row) await flowChanged(tx, workspaceId, id);
  return row !== undefined;
}

/** Makes a version of `definition` and publishes it. Numbers have no gap: the flow's row is locked. Null if there is no such flow. */
export async function publishVersion(
  tx: Tx,
  input: {
    workspaceId: string;
    flowId: string;
    definition: JsonObject;
    authorId: string | null;
    note: string | null;
  },
): Promise<number | null> {
  const flow = await tx
    .selectFrom('flows')
    .select('id')
    .where('id', '=', input.flowId)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (!flow) return null;
  const version = await tx
    .insertInto('flow_versions')
    .values({
      id: uuidV7(),
      workspace_id: input.workspaceId,
      flow_id: input.flowId,
      version_no: sql<number>`(select coalesce(max(version_no), 0) + 1 from flow_versions where flow_id = ${input.flowId})`,
      definition: JSON.stringify(input.definition),
      author_id: input.authorId,
      note: input.note,
    })
    .returning(['id', 'version_no'])
    .executeTakeFirstOrThrow();
  await setPublished(tx, input.workspaceId, input.flowId, version.id);
  return version.version_no;
}

/** Publishes an earlier version again; runs under way keep theirs. Undefined if there is no such version. */
export async function rollbackFlow(
  tx: Tx,
  workspaceId: string,
  flowId: string,
  versionNo: number,
): Promise<FlowVersionRow | undefined> {
  const version = await findVersion(tx, flowId, versionNo);
  if (version) await setPublished(tx, workspaceId, flowId, version.id);
  return version;
}

/** Newest first. @param before the number of the last one already seen */
export async function listVersions(
  tx: Tx,
  flowId: string,
  limit: number,
  before: number | null,
): Promise<FlowVersionRow[]> {
  let query = tx.selectFrom('flow_versions').selectAll().where('flow_id', '=', flowId);
  if (before !== null) query = query.where('version_no', '<', before);
  return query.orderBy('version_no', 'desc').limit(limit).execute();
}

export async function findVersion(
  tx: Tx,
  flowId: string,
  versionNo: number,
): Promise<FlowVersionRow | undefined> {
  return tx
    .selectFrom('flow_versions')
    .selectAll()
    .where('flow_id', '=', flowId)
    .where('version_no', '=', versionNo)
    .executeTakeFirst();
}

/** What exists in the workspace, for the checker of a flow. @param callTypes the inbox types whose conversations are calls */
export async function knownForChecks(tx: Tx, flowId: string, callTypes: readonly string[]): Promise<Known> {
  const inboxes = await tx
    .selectFrom('inboxes')
    .select(['id', 'type'])
    .where('deleted_at', 'is', null)
    .execute();
  const flows = await tx
    .selectFrom('flows')
    .select('id')
    .where('deleted_at', 'is', null)
    .where((eb) => eb.or([eb('published_version_id', 'is not', null), eb('id', '=', flowId)]))
    .execute();
  const members = await tx.selectFrom('members').select('user_id').execute();
  const teams = await tx.selectFrom('teams').select('id').execute();
  return {
    inboxIds: inboxes.map((row) => row.id),
    callInboxIds: inboxes.filter((row) => callTypes.includes(row.type)).map((row) => row.id),
    flowIds: flows.map((row) => row.id),
    agentIds: members.map((row) => row.user_id),
    teamIds: teams.map((row) => row.id),
    flowId,
  };
}

async function setPublished(tx: Tx, workspaceId: string, flowId: string, versionId: string): Promise<void> {
  await tx
    .updateTable('flows')
    .set({ published_version_id: versionId, updated_at: sql`now()` })
    .where('id', '=', flowId)
    .execute();
  await flowChanged(tx, workspaceId, flowId);
}

async function flowChanged(tx: Tx, workspaceId: string, flowId: string): Promise<void> {
  await emit(tx, workspaceId, 'flow.updated', { flowId });
}
