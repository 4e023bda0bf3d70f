/** Sign-ins at providers that were begun and haven't come back: each is used once, within ten minutes. */
import { hash } from 'node:crypto';
import type pg from 'pg';
import type { Tx } from './client.ts';

const MINUTES = 10;

export interface OAuthState {
  workspaceId: string;
  provider: string;
  /** Who began it; null where it was an API key. */
  userId: string | null;
  apiKeyId: string | null;
  /** The inbox to be authorized again; null for a new one. */
  inboxId: string | null;
  name: string;
  sandbox: boolean;
  /** PKCE's, sealed. */
  verifier: Buffer;
}

const hashOf = (state: string): Buffer => hash('sha256', state, 'buffer');

/** @param state what goes through the browser; only its hash is stored */
export async function beginSignIn(tx: Tx, state: string, begun: OAuthState): Promise<void> {
  await tx
    .insertInto('oauth_states')
    .values({
      state_hash: hashOf(state),
      workspace_id: begun.workspaceId,
      provider: begun.provider,
      user_id: begun.userId,
      api_key_id: begun.apiKeyId,
      inbox_id: begun.inboxId,
      name: begun.name,
      sandbox: begun.sandbox,
      verifier: begun.verifier,
      expires_at: new Date(Date.now() + MINUTES * 60_000),
    })
    .execute();
}

/**
 * Uses a state up: whoever comes second gets nothing. Nor does anybody but the one who began it, and then it stays for them.
 * @param asked the workspaces of whoever comes back, and who that is
 */
export async function finishSignIn(
  pool: pg.Pool,
  state: string,
  asked: { provider: string; userId: string; workspaceIds: readonly string[] },
): Promise<OAuthState | null> {
  const { rows } = await pool.query<{
    workspace_id: string;
    provider: string;
    user_id: string | null;
    api_key_id: string | null;
    inbox_id: string | null;
    name: string;
    sandbox: boolean;
    verifier: Buffer;
  }>(
    `delete from oauth_states
      where state_hash = $1 and provider = $2 and expires_at > now() and (user_id = $3 or user_id is null) and workspace_id = any($4::uuid[])
     returning workspace_id, provider, user_id, api_key_id, inbox_id, name, sandbox, verifier`,
    [hashOf(state), asked.provider, asked.userId, asked.workspaceIds],
  );
  const [row] = rows;
  return row
    ? {
        workspaceId: row.workspace_id,
        provider: row.provider,
        userId: row.user_id,
        apiKeyId: row.api_key_id,
        inboxId: row.inbox_id,
        name: row.name,
        sandbox: row.sandbox,
        verifier: row.verifier,
      }
    : null;
}
