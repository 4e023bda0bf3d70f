/** Tables of Live Chat beyond messages; see db/schema.ts. */
import type { ColumnType, Generated } from 'kysely';
import type { Json } from '#domain/json.ts';

export interface IdentitySecretsTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  sealed: Buffer;
  created_at: Generated<Date>;
}

export interface VisitorEndingsTable {
  inbox_id: string;
  visitor_id: string;
  external_id: string;
  workspace_id: string;
  forget_at: Date;
}

export interface VisitorsTable {
  contact_id: string;
  workspace_id: string;
  language: string | null;
  answers: ColumnType<Json | null, string | null | undefined, string | null>;
  answered_at: Date | null;
  consented_at: Date | null;
  identified_at: Date | null;
  seen_at: Date | null;
}

export interface AwayMessagesTable {
  conversation_id: string;
  until: Date;
  workspace_id: string;
  message_id: string;
}

export interface CsatSurveysTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  conversation_id: string;
  contact_id: string;
  assignee_id: string | null;
  scale: string;
  resolved_at: Date;
  expires_at: Date;
  score: number | null;
  comment: Generated<string>;
  answered_at: Date | null;
  created_at: Generated<Date>;
}

export interface ChatMailThreadsTable {
  conversation_id: string;
  workspace_id: string;
  mailed_seq: Generated<number>;
  unsubscribed_at: Date | null;
}

export interface ChatMailsTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  conversation_id: string;
  to_address: string;
  from_seq: number;
  to_seq: number;
  state: Generated<string>;
  claim: string | null;
  claim_expires_at: Date | null;
  attempts: Generated<number>;
  not_before: Date | null;
  error: string | null;
  created_at: Generated<Date>;
  settled_at: Date | null;
}

export interface WidgetWebsitesTable {
  inbox_id: string;
  origin: string;
  workspace_id: string;
  is_allowed: boolean;
  loads: number;
  first_at: Date;
  last_at: Date;
}
