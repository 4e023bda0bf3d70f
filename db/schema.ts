/**
 * Table types for Kysely, one interface per table, checked column by column against the migrated database by
 * tests/db/schema.test.ts. bigint columns arrive as numbers (all of ours stay far below 2^53), timestamps as Dates.
 */
import type { ColumnType, Generated } from 'kysely';
import type { Json } from '#domain/json.ts';
import type { EmailIdsTable, EmailParticipantsTable, EmailThreadsTable } from './schema-email.ts';
import type { KeptMailsTable, MailboxesTable, MailboxHoldersTable } from './schema-mailboxes.ts';
import type { MicrosoftSubscriptionsTable, OAuthStatesTable } from './schema-microsoft.ts';
import type {
  AwayMessagesTable,
  ChatMailThreadsTable,
  ChatMailsTable,
  CsatSurveysTable,
  IdentitySecretsTable,
  VisitorEndingsTable,
  VisitorsTable,
  WidgetWebsitesTable,
} from './schema-live-chat.ts';
import type { CallsTable, PresencesTable } from './schema-voice.ts';
import type {
  AccountsTable,
  ApiKeysTable,
  AuditLogTable,
  ConversationStartsTable,
  InvitationsTable,
  MembersTable,
  RateLimitsTable,
  SessionsTable,
  SignInFailuresTable,
  TeamMembersTable,
  UsersTable,
  VerificationsTable,
} from './schema-people.ts';

export interface WorkspacesTable {
  id: string;
  name: string;
  slug: string;
  logo: string | null;
  metadata: string | null;
  created_at: Generated<Date>;
}

export interface InboxesTable {
  id: string;
  workspace_id: string;
  type: string;
  name: string;
  account_key: string;
  account_label: Generated<string>;
  sandbox: Generated<boolean>;
  state: Generated<string>;
  inbound_health: ColumnType<Json, string | undefined, string>;
  outbound_health: ColumnType<Json, string | undefined, string>;
  settings: ColumnType<Json, string | undefined, string>;
  credentials: Buffer;
  can_send: Generated<boolean>;
  reopen_within_hours: Generated<number>;
  last_in_at: Date | null;
  last_out_at: Date | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  deleted_at: Date | null;
  probed_at: Date | null;
  probe_facts: ColumnType<Json, string | undefined, string>;
  account_facts: ColumnType<Json, string | undefined, string>;
  subscription_key: string | null;
}

export interface CustomersTable {
  id: string;
  workspace_id: string;
  name: Generated<string>;
  email: string | null;
  phone: string | null;
  company: string | null;
  fields: ColumnType<Json, string | undefined, string>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface ContactsTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  external_id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  avatar_url: string | null;
  fields: ColumnType<Json, string | undefined, string>;
  customer_id: string | null;
  blocked_at: Date | null;
  aliases: string[] | null;
  asked_at: Date | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface ContactAliasesTable {
  inbox_id: string;
  external_id: string;
  contact_id: string;
  workspace_id: string;
}

export interface TeamsTable {
  id: string;
  workspace_id: string;
  name: string;
  created_at: Generated<Date>;
}

export interface LabelsTable {
  workspace_id: string;
  name: string;
  color: Generated<string>;
  created_at: Generated<Date>;
}

export interface InboundKeysTable {
  key: Buffer;
  event_id: string;
  workspace_id: string | null;
}

export interface InboundEventsTable {
  id: string;
  accept_no: Generated<number>;
  workspace_id: string | null;
  inbox_id: string | null;
  type: string;
  account_key: string;
  provider_event_id: string;
  order_key: string;
  kind: string;
  target_provider_message_id: string | null;
  payload: ColumnType<Json, string, string>;
  raw: Buffer | null;
  received_at: Generated<Date>;
  started_at: Date | null;
  message_id: string | null;
  conversation_id: string | null;
  ingested_at: Date | null;
  applied_at: Date | null;
  done_at: Date | null;
  not_before: Date | null;
  error: ColumnType<Json | null, string | null | undefined, string | null>;
}

export interface ConversationsTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  contact_id: string;
  thread_key: Generated<string>;
  reply_address: ColumnType<Json, string | undefined, string>;
  status: Generated<string>;
  assignee_id: string | null;
  team_id: string | null;
  labels: Generated<string[]>;
  priority: Generated<string>;
  snoozed_until: Date | null;
  owner: Generated<string>;
  automation_epoch: Generated<number>;
  run_id: string | null;
  last_seq: Generated<number>;
  last_in_seq: Generated<number>;
  cursor: Generated<number>;
  lease_holder: string | null;
  lease_token: Generated<number>;
  lease_at: Date | null;
  last_message_at: Date | null;
  last_in_at: Date | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  resolved_at: Date | null;
  delivered_until: Date | null;
  read_until: Date | null;
}

export interface MessagesTable {
  id: string;
  workspace_id: string;
  conversation_id: string;
  inbox_id: string;
  seq: number;
  direction: string;
  author_kind: string;
  author_id: string | null;
  author_name: string | null;
  author_external_id: string | null;
  parts: ColumnType<Json, string, string>;
  text: string;
  status: string;
  error: ColumnType<Json | null, string | null | undefined, string | null>;
  provider_message_id: string | null;
  event_id: string | null;
  client_message_id: string | null;
  in_reply_to_id: string | null;
  routing: ColumnType<Json | null, string | null | undefined, string | null>;
  sent_at: Date | null;
  delivered_at: Date | null;
  read_at: Date | null;
  edited_at: Date | null;
  deleted_at: Date | null;
  created_at: Generated<Date>;
  provider_ref: ColumnType<Json | null, string | null | undefined, string | null>;
  sent_as: string | null;
  reactions: ColumnType<Json | null, string | null | undefined, string | null>;
  hidden_at: Date | null;
  liked_at: Date | null;
  automation: string | null;
}

export interface ConversationReadsTable {
  workspace_id: string;
  conversation_id: string;
  user_id: string;
  seq: number;
}

export interface ConversationActivitiesTable {
  id: string;
  workspace_id: string;
  conversation_id: string;
  after_seq: number;
  kind: string;
  actor_kind: string;
  actor_id: string | null;
  data: ColumnType<Json, string | undefined, string>;
  created_at: Generated<Date>;
}

export interface FlowsTable {
  id: string;
  workspace_id: string;
  name: string;
  enabled: Generated<boolean>;
  position: Generated<number>;
  draft: ColumnType<Json, string, string>;
  published_version_id: string | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  deleted_at: Date | null;
}

export interface FlowVersionsTable {
  id: string;
  workspace_id: string;
  flow_id: string;
  version_no: number;
  definition: ColumnType<Json, string, string>;
  author_id: string | null;
  note: string | null;
  created_at: Generated<Date>;
}

export interface RunsTable {
  id: string;
  workspace_id: string;
  conversation_id: string | null;
  inbox_id: string | null;
  flow_id: string;
  version_id: string;
  version_no: number;
  background: Generated<boolean>;
  trigger_message_id: string | null;
  parent_run_id: string | null;
  workflow_id: string;
  status: string;
  step_id: string | null;
  step_no: Generated<number>;
  state: ColumnType<Json, string, string>;
  waiting_for: string | null;
  deadline: Date | null;
  wake_at: Date | null;
  wake_no: Generated<number>;
  woken_no: Generated<number>;
  resume: Generated<boolean>;
  ending: string | null;
  depth: Generated<number>;
  lease_holder: string | null;
  lease_token: Generated<number>;
  lease_at: Date | null;
  error: ColumnType<Json | null, string | null | undefined, string | null>;
  started_at: Generated<Date>;
  updated_at: Generated<Date>;
  ended_at: Date | null;
}

export interface RunStepsTable {
  run_id: string;
  step_no: number;
  workspace_id: string;
  step_id: string;
  kind: string;
  entered_at: Generated<Date>;
  left_at: Date | null;
  input: ColumnType<Json | null, string | null | undefined, string | null>;
  output: ColumnType<Json | null, string | null | undefined, string | null>;
  exit: string | null;
  error: ColumnType<Json | null, string | null | undefined, string | null>;
}

export interface OutboxTable {
  id: string;
  workspace_id: string;
  conversation_id: string | null;
  inbox_id: string | null;
  run_id: string | null;
  step_no: number | null;
  effect_no: number | null;
  message_id: string | null;
  kind: string;
  payload: ColumnType<Json, string, string>;
  state: Generated<string>;
  epoch: number;
  claim: string | null;
  claimed_at: Date | null;
  claim_expires_at: Date | null;
  attempts: Generated<number>;
  not_before: Date | null;
  give_up_at: Date | null;
  in_doubt_since: Date | null;
  provider_message_id: string | null;
  result: ColumnType<Json | null, string | null | undefined, string | null>;
  error: ColumnType<Json | null, string | null | undefined, string | null>;
  created_at: Generated<Date>;
  settled_at: Date | null;
}

export interface MediaTable {
  id: string;
  workspace_id: string;
  inbox_id: string | null;
  message_id: string | null;
  state: Generated<string>;
  source: ColumnType<Json | null, string | null | undefined, string | null>;
  mime_type: string;
  name: string | null;
  size_bytes: number | null;
  storage_key: string | null;
  error: string | null;
  created_at: Generated<Date>;
  stored_at: Date | null;
}

export interface UiEventsTable {
  position: Generated<number>;
  xid: Generated<string>;
  workspace_id: string;
  name: string;
  data: ColumnType<Json, string, string>;
  created_at: Generated<Date>;
}

export interface Schema {
  email_threads: EmailThreadsTable;
  email_ids: EmailIdsTable;
  email_participants: EmailParticipantsTable;
  workspaces: WorkspacesTable;
  inboxes: InboxesTable;
  customers: CustomersTable;
  contacts: ContactsTable;
  contact_aliases: ContactAliasesTable;
  teams: TeamsTable;
  labels: LabelsTable;
  inbound_keys: InboundKeysTable;
  inbound_events: InboundEventsTable;
  conversations: ConversationsTable;
  messages: MessagesTable;
  conversation_reads: ConversationReadsTable;
  conversation_starts: ConversationStartsTable;
  conversation_activities: ConversationActivitiesTable;
  flows: FlowsTable;
  flow_versions: FlowVersionsTable;
  runs: RunsTable;
  run_steps: RunStepsTable;
  outbox: OutboxTable;
  media: MediaTable;
  mailboxes: MailboxesTable;
  mailbox_holders: MailboxHoldersTable;
  kept_mails: KeptMailsTable;
  oauth_states: OAuthStatesTable;
  microsoft_subscriptions: MicrosoftSubscriptionsTable;
  ui_events: UiEventsTable;
  identity_secrets: IdentitySecretsTable;
  visitor_endings: VisitorEndingsTable;
  visitors: VisitorsTable;
  widget_websites: WidgetWebsitesTable;
  away_messages: AwayMessagesTable;
  csat_surveys: CsatSurveysTable;
  chat_mail_threads: ChatMailThreadsTable;
  chat_mails: ChatMailsTable;
  users: UsersTable;
  sessions: SessionsTable;
  accounts: AccountsTable;
  verifications: VerificationsTable;
  rate_limits: RateLimitsTable;
  sign_in_failures: SignInFailuresTable;
  members: MembersTable;
  invitations: InvitationsTable;
  team_members: TeamMembersTable;
  api_keys: ApiKeysTable;
  audit_log: AuditLogTable;
  calls: CallsTable;
  presences: PresencesTable;
}
