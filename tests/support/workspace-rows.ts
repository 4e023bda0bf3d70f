/** One row of everything a workspace can hold, written straight into the tables, with texts and secrets that can be looked for. */
import { seal, type Keyring } from '#db/keyring.ts';
import type { Db } from '#db/client.ts';
import { uuidV7 } from '#domain/ids.ts';

export interface WorkspaceRows {
  /** Every id, by the table it is of. */
  ids: Record<string, string>;
  /** Occurs in every text of this workspace's rows. */
  mark: string;
  /** Values that may appear nowhere. */
  secrets: string[];
}

const json = JSON.stringify;

/** @param mark letters and digits */
export async function fillWorkspace(
  engineDb: Db,
  keyring: Keyring,
  workspaceId: string,
  mark: string,
  userId: string,
): Promise<WorkspaceRows> {
  const names = [
    'api',
    'live_chat',
    'telegram',
    'contact',
    'customer',
    'conversation',
    'event',
    'message',
    'flow',
    'version',
    'run',
    'team',
    'media',
    'outbox',
  ];
  const ids = Object.fromEntries(names.map((name) => [name, uuidV7()]));
  const id = (name: string): string => ids[name] ?? '';
  const secrets = [
    `hmac-secret-of-${mark}-${'s'.repeat(32)}`,
    `bot-token-of-${mark}-abcdef`,
    `webhook-secret-of-${mark}`,
  ];
  const credentials = {
    api: { callbackUrl: `http://127.0.0.1:9/${mark}`, secret: secrets[0] },
    live_chat: { allowedOrigins: ['https://shop.test'] },
    telegram: { botToken: `123456789:${secrets[1]}`, webhookSecret: secrets[2] },
  };
  const common = { workspace_id: workspaceId };
  for (const [type, plain] of Object.entries(credentials)) {
    await engineDb
      .insertInto('inboxes')
      .values({
        ...common,
        id: id(type),
        type,
        name: `${type} ${mark}`,
        account_key: `${type}-${mark}`,
        account_label: `account ${mark}`,
        credentials: seal(keyring, Buffer.from(json(plain)), `inbox/${id(type)}`),
      })
      .execute();
  }
  const inbox_id = id('api');
  await engineDb
    .insertInto('customers')
    .values({ ...common, id: id('customer'), name: `Customer ${mark}`, email: `c@${mark}.test` })
    .execute();
  await engineDb
    .insertInto('contacts')
    .values({
      ...common,
      id: id('contact'),
      inbox_id,
      external_id: `ext-${mark}`,
      name: `Contact ${mark}`,
      customer_id: id('customer'),
    })
    .execute();
  await engineDb
    .insertInto('teams')
    .values({ ...common, id: id('team'), name: `Team ${mark}` })
    .execute();
  await engineDb
    .insertInto('labels')
    .values({ ...common, name: `label-${mark}` })
    .execute();
  await engineDb
    .insertInto('conversations')
    .values({
      ...common,
      id: id('conversation'),
      inbox_id,
      contact_id: id('contact'),
      last_seq: 1,
      last_in_seq: 1,
      last_message_at: new Date(),
    })
    .execute();
  await engineDb
    .insertInto('inbound_events')
    .values({
      ...common,
      id: id('event'),
      inbox_id,
      type: 'api',
      account_key: `api-${mark}`,
      provider_event_id: `event-${mark}`,
      order_key: `order-${mark}`,
      kind: 'message',
      payload: json({ kind: 'message', text: mark }),
      message_id: id('message'),
      conversation_id: id('conversation'),
      started_at: new Date(),
      ingested_at: new Date(),
      done_at: new Date(),
    })
    .execute();
  await engineDb
    .insertInto('messages')
    .values({
      ...common,
      id: id('message'),
      conversation_id: id('conversation'),
      inbox_id,
      seq: 1,
      direction: 'in',
      author_kind: 'contact',
      author_id: id('contact'),
      parts: json([{ kind: 'text', text: `Hello from ${mark}` }]),
      text: `Hello from ${mark}`,
      status: 'received',
      event_id: id('event'),
      provider_message_id: `message-${mark}`,
    })
    .execute();
  const definition = json({
    schemaVersion: 1,
    triggers: [],
    entry: 'a',
    steps: { a: { kind: 'end', params: {}, exits: {} } },
  });
  await engineDb
    .insertInto('flows')
    .values({ ...common, id: id('flow'), name: `Flow ${mark}`, draft: definition })
    .execute();
  await engineDb
    .insertInto('flow_versions')
    .values({
      ...common,
      id: id('version'),
      flow_id: id('flow'),
      version_no: 1,
      definition,
      author_id: userId,
      note: mark,
    })
    .execute();
  await engineDb
    .updateTable('flows')
    .set({ published_version_id: id('version') })
    .where('id', '=', id('flow'))
    .execute();
  await engineDb
    .insertInto('runs')
    .values({
      ...common,
      id: id('run'),
      conversation_id: id('conversation'),
      inbox_id,
      flow_id: id('flow'),
      version_id: id('version'),
      version_no: 1,
      workflow_id: `run/${id('run')}`,
      status: 'waiting',
      step_id: 'a',
      step_no: 1,
      waiting_for: 'reply',
      state: json({ vars: { mark } }),
    })
    .execute();
  await engineDb
    .insertInto('run_steps')
    .values({ ...common, run_id: id('run'), step_no: 1, step_id: 'a', kind: 'end', input: json({ mark }) })
    .execute();
  await engineDb
    .insertInto('media')
    .values({
      ...common,
      id: id('media'),
      inbox_id,
      message_id: id('message'),
      mime_type: 'text/plain',
      name: `${mark}.txt`,
    })
    .execute();
  await engineDb
    .insertInto('conversation_activities')
    .values({
      ...common,
      id: uuidV7(),
      conversation_id: id('conversation'),
      after_seq: 1,
      kind: 'labelled',
      actor_kind: 'agent',
      data: json({ mark }),
    })
    .execute();
  await engineDb
    .insertInto('ui_events')
    .values({ ...common, name: 'message.created', data: json({ mark }) })
    .execute();
  return { ids, mark, secrets };
}
