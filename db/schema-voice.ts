/** Table types of calls and of who is there. See schema.ts. */
import type { Generated } from 'kysely';

export interface CallsTable {
  id: string;
  workspace_id: string;
  inbox_id: string;
  thread_key: string;
  conversation_id: string | null;
  provider_call_id: string | null;
  client_call_id: string | null;
  direction: string;
  state: Generated<string>;
  from_number: string;
  to_number: string;
  control: string | null;
  control_at: Date | null;
  rang: Generated<boolean>;
  ringing: Generated<string[]>;
  agent_id: string | null;
  agent_leg: string | null;
  customer_leg: string | null;
  held: Generated<boolean>;
  ticket_until: Date | null;
  dialled_at: Date | null;
  forwards: Generated<number>;
  started_at: Generated<Date>;
  answered_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
  duration_seconds: number | null;
  seen_at: Date | null;
  wrap_up_until: Date | null;
}

export interface PresencesTable {
  workspace_id: string;
  user_id: string;
  chosen: Generated<string>;
  seen_at: Date | null;
  last_rung_at: Date | null;
  shown: Generated<string>;
}
