/** Table types of mailboxes; see db/schema.ts. */
import type { ColumnType, Generated } from 'kysely';
import type { Json } from '#domain/json.ts';

export interface MailboxesTable {
  inbox_id: string;
  workspace_id: string;
  kind: string;
  cursor: ColumnType<Json, string | undefined, string>;
  trying: ColumnType<Json | null, string | null | undefined, string | null>;
  facts: ColumnType<Json, string | undefined, string>;
  dirty_at: Date | null;
  next_look_at: Generated<Date>;
  holder: string | null;
  lease_token: Generated<number>;
  lease_until: Date | null;
  sent_saved_until: Date | null;
  last_ok_at: Date | null;
  last_error: ColumnType<Json | null, string | null | undefined, string | null>;
  failures: Generated<number>;
  created_at: Generated<Date>;
}

export interface MailboxHoldersTable {
  id: string;
  seen_at: Generated<Date>;
}

export interface KeptMailsTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  place: string;
  raw: Buffer | null;
  envelope: ColumnType<Json | null, string | null | undefined, string | null>;
  received_at: Date;
  reason: string;
  tries: number;
  next_try_at: Date | null;
  kept_at: Generated<Date>;
  taken_at: Date | null;
}
