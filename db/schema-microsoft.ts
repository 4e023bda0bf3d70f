/** Table types of sign-ins at providers and of Microsoft mailboxes; see db/schema.ts. */
import type { Generated } from 'kysely';

export interface OAuthStatesTable {
  state_hash: Buffer;
  workspace_id: string;
  provider: string;
  user_id: string | null;
  api_key_id: string | null;
  inbox_id: string | null;
  name: string;
  sandbox: boolean;
  verifier: Buffer;
  expires_at: Date;
}

export interface MicrosoftSubscriptionsTable {
  inbox_id: string;
  workspace_id: string;
  subscription_id: string | null;
  url: string | null;
  expires_at: Date | null;
  reauthorize: Generated<boolean>;
  told: Generated<number>;
  problem: string | null;
  check_at: Generated<Date>;
  checked_at: Date | null;
}
