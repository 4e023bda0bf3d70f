/** An email inbox as a row: what the API does with one, without a mail server. */
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import type { TestApi, TestWorkspace } from './api.ts';

export async function insertEmailInbox(
  api: TestApi,
  {
    address = `support-${Date.now()}@shop.example`,
    settings = {},
    workspace = api.workspace,
  }: { address?: string; settings?: JsonObject; workspace?: TestWorkspace } = {},
): Promise<{ id: string; address: string }> {
  const id = uuidV7();
  const credentials = { kind: 'managed', address, forwardedFrom: `desk-${address}` };
  await api.deps.engineDb
    .insertInto('inboxes')
    .values({
      id,
      workspace_id: workspace.id,
      type: 'email',
      name: 'Support',
      account_key: address,
      account_label: address,
      state: 'active',
      settings: JSON.stringify({ undoSeconds: 0, ...settings }),
      credentials: seal(api.deps.keyring, Buffer.from(JSON.stringify(credentials)), `inbox/${id}`),
    })
    .execute();
  return { id, address };
}
