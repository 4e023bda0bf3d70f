/** Table types of email's threads. Checked like db/schema.ts. */
import type { Generated } from 'kysely';

export interface EmailThreadsTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  contact_address: string;
  about: string;
  created_at: Generated<Date>;
  last_at: Generated<Date>;
}

export interface EmailIdsTable {
  workspace_id: string;
  inbox_id: string;
  message_hash: Buffer;
  sender: string;
  thread_id: string;
  triggers: Generated<boolean>;
  created_at: Generated<Date>;
}

export interface EmailParticipantsTable {
  workspace_id: string;
  thread_id: string;
  address: string;
}
