/**
 * Floor B: the least a Temporal application can do for a message. One eager workflow, two local activities (insert; POST), the
 * product's codec and process layout: HTTP, client and worker in one process on one NativeConnection.
 */
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Hono } from 'hono';
import pg from 'pg';
import { Pool } from 'undici';
import { createPayloadCodec } from '#activities/payload-codec.ts';
import { createKeyring } from '#db/keyring.ts';

export interface FloorMessage {
  id: string;
  text: string;
}
export interface FloorOptions {
  databaseUrl: string;
  temporalAddress: string;
  secretKey: string;
  receiverUrl: string;
}

const options = JSON.parse(process.argv[2] ?? '{}') as FloorOptions;
const taskQueue = 'bench-floor-b';
const pool = new pg.Pool({ connectionString: options.databaseUrl, max: 24 });
// Stopped behind the product, whose Postgres it uses.
pool.on('error', () => undefined);
await pool.query(
  'create schema if not exists bench; create table if not exists bench.floor_b (id text primary key, text text not null)',
);
const receiver = new URL(options.receiverUrl);
const provider = new Pool(receiver.origin, { connections: 128 });

const activities = {
  async store({ id, text }: FloorMessage): Promise<void> {
    await pool.query({
      name: 'insert_b',
      text: 'insert into bench.floor_b (id, text) values ($1, $2)',
      values: [id, text],
    });
  },
  async reply({ id, text }: FloorMessage): Promise<void> {
    const answer = await provider.request({
      method: 'POST',
      path: receiver.pathname,
      headers: { 'content-type': 'application/json', 'idempotency-key': id },
      body: JSON.stringify({ message: { id, text: `You said: ${text}` } }),
    });
    await answer.body.dump();
  },
};
export type FloorActivities = typeof activities;

Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: options.temporalAddress });
const dataConverter = { payloadCodecs: [createPayloadCodec(createKeyring(options.secretKey))] };
const client = new Client({ connection, dataConverter });
const bundle = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./floor-b-workflow.ts', import.meta.url)),
  logger: new DefaultLogger('WARN'),
});
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: bundle,
  activities,
  dataConverter,
  maxCachedWorkflows: 500,
});
const app = new Hono();
app.post('/messages', async (c) => {
  const { id, text } = await c.req.json<FloorMessage>();
  await client.workflow.start('floorMessage', {
    workflowId: `floor-b/${id}`,
    taskQueue,
    args: [{ id, text }],
    requestEagerStart: true,
  });
  return c.json({ ok: true });
});
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.send?.({ port }));
process.on('disconnect', () => process.exit(0));
await worker.run();
