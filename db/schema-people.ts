/**
 * Table types of people: sign-in (better-auth's tables under our names), membership, keys, audit. Checked like db/schema.ts.
 */
import type { ColumnType, Generated } from 'kysely';
import type { Json } from '#domain/json.ts';

/** What a client's id has begun. */
export interface ConversationStartsTable {
  inbox_id: string;
  client_message_id: string;
  workspace_id: string;
  conversation_id: string;
  message_id: string;
}
export interface UsersTable {
  id: string;
  name: string;
  email: string;
  email_verified: Generated<boolean>;
  image: string | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface SessionsTable {
  id: string;
  user_id: string;
  token: string;
  expires_at: Date;
  ip_address: string | null;
  user_agent: string | null;
  active_workspace_id: string | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface AccountsTable {
  id: string;
  user_id: string;
  account_id: string;
  provider_id: string;
  password: string | null;
  access_token: string | null;
  refresh_token: string | null;
  id_token: string | null;
  access_token_expires_at: Date | null;
  refresh_token_expires_at: Date | null;
  scope: string | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface VerificationsTable {
  id: string;
  identifier: string;
  value: string;
  expires_at: Date;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface RateLimitsTable {
  id: string;
  key: string;
  count: number;
  last_request: number;
}

export interface SignInFailuresTable {
  key: Buffer;
  failures: number;
  window_started_at: Generated<Date>;
}

export interface MembersTable {
  id: string;
  workspace_id: string;
  user_id: string;
  role: string;
  created_at: Generated<Date>;
}

export interface InvitationsTable {
  id: string;
  workspace_id: string;
  email: string;
  role: string;
  status: Generated<string>;
  token_hash: Buffer | null;
  expires_at: Date;
  created_at: Generated<Date>;
  inviter_id: string | null;
}

export interface TeamMembersTable {
  workspace_id: string;
  team_id: string;
  user_id: string;
  created_at: Generated<Date>;
}

export interface ApiKeysTable {
  id: string;
  workspace_id: string;
  name: string;
  role: string;
  prefix: string;
  hash: Buffer;
  configured: Generated<boolean>;
  created_by: string | null;
  created_at: Generated<Date>;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

export interface AuditLogTable {
  id: string;
  workspace_id: string;
  actor_kind: string;
  actor_id: string | null;
  actor_name: string;
  action: string;
  subject_kind: string;
  subject_id: string | null;
  diff: ColumnType<Json, string | undefined, string>;
  request_id: string | null;
  created_at: Generated<Date>;
}
