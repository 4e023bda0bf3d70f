/** Inboxes: connected channel accounts. Credentials go in sealed and never come out here (db/inbox-cache.ts opens them). */
import { sql, type Selectable } from 'kysely';
import type { HealthState } from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';
import type { InboxesTable } from './schema.ts';
import { emit } from './ui-events.ts';

export type InboxRow = Omit<Selectable<InboxesTable>, 'credentials'>;

const columns = [
  'id',
  'workspace_id',
  'type',
  'name',
  'account_key',
  'account_label',
  'sandbox',
  'state',
  'inbound_health',
  'outbound_health',
  'settings',
  'can_send',
  'reopen_within_hours',
  'last_in_at',
  'last_out_at',
  'created_at',
  'updated_at',
  'deleted_at',
  'probed_at',
  'probe_facts',
  'account_facts',
  'subscription_key',
] as const;

/** Newest first. @param before the id of the last one already seen */
export async function listInboxes(tx: Tx, limit: number, before: string | null): Promise<InboxRow[]> {
  let query = tx.selectFrom('inboxes').select(columns).where('deleted_at', 'is', null);
  if (before !== null) query = query.where('id', '<', before);
  return query.orderBy('id', 'desc').limit(limit).execute();
}

export async function findInbox(tx: Tx, id: string): Promise<InboxRow | undefined> {
  return tx
    .selectFrom('inboxes')
    .select(columns)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

/** The connected inbox of an account in this workspace; those of other workspaces aren't seen. */
export async function findInboxByAccount(
  tx: Tx,
  type: string,
  accountKey: string,
): Promise<InboxRow | undefined> {
  return tx
    .selectFrom('inboxes')
    .select(columns)
    .where('type', '=', type)
    .where('account_key', '=', accountKey)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

export interface NewInbox {
  id: string;
  workspaceId: string;
  type: string;
  name: string;
  accountKey: string;
  accountLabel: string;
  /** What its webhook subscription hangs on at the provider, where it shares one. */
  subscription?: string | undefined;
  sandbox: boolean;
  settings: JsonObject;
  sealedCredentials: Buffer;
}

/** False if this account is connected already, here or in another workspace; then nothing was written. */
export async function insertInbox(tx: Tx, inbox: NewInbox): Promise<boolean> {
  const inserted = await tx
    .insertInto('inboxes')
    .values({
      id: inbox.id,
      workspace_id: inbox.workspaceId,
      type: inbox.type,
      name: inbox.name,
      account_key: inbox.accountKey,
      account_label: inbox.accountLabel,
      subscription_key: inbox.subscription ?? null,
      sandbox: inbox.sandbox,
      settings: JSON.stringify(inbox.settings),
      credentials: inbox.sealedCredentials,
    })
    .onConflict((conflict) =>
      conflict.columns(['type', 'account_key']).where('deleted_at', 'is', null).doNothing(),
    )
    .returning('id')
    .executeTakeFirst();
  if (inserted) await inboxChanged(tx, inbox.workspaceId, inbox.id);
  return inserted !== undefined;
}

export interface InboxChanges {
  name?: string;
  settings?: JsonObject;
  reopenWithinHours?: number;
  state?: string;
  canSend?: boolean;
  outboundHealth?: HealthFinding;
  accountLabel?: string;
  subscription?: string | null;
  sealedCredentials?: Buffer;
}

export async function updateInbox(
  tx: Tx,
  workspaceId: string,
  id: string,
  changes: InboxChanges,
): Promise<InboxRow | undefined> {
  const row = await tx
    .updateTable('inboxes')
    .set({
      updated_at: sql`now()`,
      ...(changes.name !== undefined && { name: changes.name }),
      ...(changes.settings !== undefined && { settings: JSON.stringify(changes.settings) }),
      ...(changes.reopenWithinHours !== undefined && { reopen_within_hours: changes.reopenWithinHours }),
      ...(changes.state !== undefined && { state: changes.state }),
      ...(changes.canSend !== undefined && { can_send: changes.canSend }),
      ...(changes.outboundHealth !== undefined && {
        outbound_health: JSON.stringify(nextHealth({}, changes.outboundHealth)),
      }),
      ...(changes.accountLabel !== undefined && { account_label: changes.accountLabel }),
      ...(changes.subscription !== undefined && { subscription_key: changes.subscription }),
      ...(changes.sealedCredentials !== undefined && { credentials: changes.sealedCredentials }),
    })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returning(columns)
    .executeTakeFirst();
  if (row) await inboxChanged(tx, workspaceId, id);
  return row;
}

/** Takes the inbox out of use; its history stays and its waiting outbox is parked. False if there is none. Idempotent. */
export async function deleteInbox(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  const row = await tx
    .updateTable('inboxes')
    .set({ deleted_at: sql`now()`, updated_at: sql`now()`, state: 'disconnected', can_send: false })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (row) await inboxChanged(tx, workspaceId, id);
  return row !== undefined;
}

export interface HealthFinding {
  state: HealthState;
  reason?: string;
}

/**
 * Stores what a probe found. `since` of a direction moves only when its state does. Success lets a stopped inbox send again, and
 * takes back `degraded` and `needs_attention`; it never makes an inbox active that no real message has proved.
 */
export async function recordProbe(
  tx: Tx,
  workspaceId: string,
  id: string,
  found: { inbound: HealthFinding; outbound: HealthFinding; facts: Record<string, Json> },
): Promise<InboxRow | undefined> {
  const row = await tx
    .selectFrom('inboxes')
    .select(columns)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (!row) return undefined;
  const worst = worstOf(found.inbound.state, found.outbound.state);
  const proved = row.last_in_at !== null && row.last_out_at !== null;
  const state =
    worst === 'failing'
      ? 'needs_attention'
      : worst === 'degraded'
        ? 'degraded'
        : row.state === 'degraded' || row.state === 'needs_attention'
          ? proved
            ? 'active'
            : 'onboarding'
          : row.state;
  const updated = await tx
    .updateTable('inboxes')
    .set({
      inbound_health: JSON.stringify(nextHealth(row.inbound_health, found.inbound)),
      outbound_health: JSON.stringify(nextHealth(row.outbound_health, found.outbound)),
      probe_facts: JSON.stringify(found.facts),
      probed_at: sql`now()`,
      updated_at: sql`now()`,
      state,
      ...(found.outbound.state === 'ok' && { can_send: true }),
    })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();
  await inboxChanged(tx, workspaceId, id);
  return updated;
}

const badness: Record<HealthState, number> = { unknown: 0, ok: 0, degraded: 1, failing: 2 };
function worstOf(one: HealthState, other: HealthState): HealthState {
  return badness[one] >= badness[other] ? one : other;
}

function nextHealth(stored: Json, found: HealthFinding): JsonObject {
  const before = stored !== null && typeof stored === 'object' && !Array.isArray(stored) ? stored : {};
  const since =
    before['state'] === found.state && typeof before['since'] === 'string'
      ? before['since']
      : new Date().toISOString();
  return { state: found.state, ...(found.reason !== undefined && { reason: found.reason }), since };
}

/** Tells the screens, and every process that caches this inbox. */
async function inboxChanged(tx: Tx, workspaceId: string, id: string): Promise<void> {
  await sql`select pg_notify('teloring_inbox', ${id})`.execute(tx);
  await emit(tx, workspaceId, 'inbox.updated', { inboxId: id });
}
