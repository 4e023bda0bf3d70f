/** The first person of a deployment: nobody could have invited them. */
import type { Db } from '#db/client.ts';
import { userIdByEmail } from '#db/members.ts';
import { ensureWorkspaceWithAdmin } from '#db/workspaces.ts';
import { createAccount, normalEmail } from './accounts.ts';
import type { Auth } from './auth.ts';

export interface FirstAdmin {
  email: string;
  password: string;
  name: string;
  workspaceName: string;
  slug: string;
}

/** Makes what of workspace, person and membership is missing. Idempotent; an existing person keeps their password and name. */
export async function createFirstAdmin(
  deps: { auth: Auth; engineDb: Db },
  input: FirstAdmin,
): Promise<{ workspaceId: string; userId: string; created: boolean }> {
  const known = await userIdByEmail(deps.engineDb, normalEmail(input.email));
  const userId = known ?? (await createAccount(deps.auth, input));
  const workspace = { name: input.workspaceName, slug: input.slug };
  const workspaceId = await ensureWorkspaceWithAdmin(deps.engineDb, workspace, userId);
  return { workspaceId, userId, created: known === null };
}
