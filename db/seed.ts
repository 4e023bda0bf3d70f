/** Something to look at after the first start: two inboxes, a published flow between them, labels and a team. */
import { sql } from 'kysely';
import { checkFlow } from '#domain/flow/check.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import type { Db, Tx } from './client.ts';
import { seal, type Keyring } from './keyring.ts';
import { welcomeFlow } from './welcome-flow.ts';

export interface DemoSeed {
  workspaceId: string;
  authorId: string;
  credentials: { live_chat: JsonObject; api: JsonObject };
}
export interface SeededDemo {
  liveChatInboxId: string;
  apiInboxId: string;
  flowId: string;
}

const inboxNames = { live_chat: 'Website chat', api: 'Demo API' } as const;
const labels = { sales: 'green', support: 'blue', feedback: 'purple', vip: 'yellow' } as const;

/** Whether anybody has begun here. Engine pool. */
export async function hasWorkspace(engineDb: Db): Promise<boolean> {
  return (await engineDb.selectFrom('workspaces').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/** One transaction, once per workspace: null, and nothing written, where the workspace has an inbox or flow already. Engine pool. */
export async function seedDemo(engineDb: Db, keyring: Keyring, seed: DemoSeed): Promise<SeededDemo | null> {
  return engineDb.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('seed'), hashtext(${seed.workspaceId}))`.execute(tx);
    if (await hasAnything(tx, seed.workspaceId)) return null;
    const liveChatInboxId = await addInbox(tx, keyring, seed, 'live_chat');
    const apiInboxId = await addInbox(tx, keyring, seed, 'api');
    await tx
      .insertInto('labels')
      .values(
        Object.entries(labels).map(([name, color]) => ({ workspace_id: seed.workspaceId, name, color })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const supportTeamId = uuidV7();
    await tx
      .insertInto('teams')
      .values({ id: supportTeamId, workspace_id: seed.workspaceId, name: 'Support' })
      .execute();
    const flowId = await addFlow(tx, seed, [liveChatInboxId, apiInboxId], supportTeamId);
    return { liveChatInboxId, apiInboxId, flowId };
  });
}

async function hasAnything(tx: Tx, workspaceId: string): Promise<boolean> {
  for (const table of ['inboxes', 'flows'] as const) {
    const row = await tx
      .selectFrom(table)
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .limit(1)
      .executeTakeFirst();
    if (row) return true;
  }
  return false;
}

/** Both kinds are their own account: no provider stands behind them. */
async function addInbox(
  tx: Tx,
  keyring: Keyring,
  seed: DemoSeed,
  type: keyof typeof inboxNames,
): Promise<string> {
  const id = uuidV7();
  const plain = Buffer.from(JSON.stringify(seed.credentials[type]));
  await tx
    .insertInto('inboxes')
    .values({
      id,
      workspace_id: seed.workspaceId,
      type,
      name: inboxNames[type],
      account_key: id,
      account_label: inboxNames[type],
      credentials: seal(keyring, plain, `inbox/${id}`),
    })
    .execute();
  return id;
}

async function addFlow(tx: Tx, seed: DemoSeed, inboxIds: string[], supportTeamId: string): Promise<string> {
  const { workspaceId, authorId } = seed;
  const [flowId, versionId] = [uuidV7(), uuidV7()];
  const definition = welcomeFlow({ inboxIds, supportTeamId });
  const problems = checkFlow(definition, {
    inboxIds,
    flowIds: [flowId],
    agentIds: [authorId],
    teamIds: [supportTeamId],
  });
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(`The welcome flow can't be published: ${JSON.stringify(errors)}`);
  const json = JSON.stringify(definition);
  await tx
    .insertInto('flows')
    .values({ id: flowId, workspace_id: workspaceId, name: 'Welcome and triage', draft: json })
    .execute();
  await tx
    .insertInto('flow_versions')
    .values({
      id: versionId,
      workspace_id: workspaceId,
      flow_id: flowId,
      version_no: 1,
      definition: json,
      author_id: authorId,
    })
    .execute();
  await tx.updateTable('flows').set({ published_version_id: versionId }).where('id', '=', flowId).execute();
  return flowId;
}
