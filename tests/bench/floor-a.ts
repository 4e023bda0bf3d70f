/** Floor A: the least an HTTP endpoint can do that keeps what it was sent. Hono, one insert, nothing durable behind. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.argv[2], max: 24 });
// Stopped behind the product, whose Postgres it uses.
pool.on('error', () => undefined);
await pool.query(
  'create schema if not exists bench; create table if not exists bench.floor_a (id text primary key, body jsonb not null)',
);

const app = new Hono();
app.post('/messages', async (c) => {
  const body = await c.req.json<{ id: string }>();
  await pool.query({
    name: 'insert_a',
    text: 'insert into bench.floor_a (id, body) values ($1, $2)',
    values: [body.id, JSON.stringify(body)],
  });
  return c.json({ ok: true });
});
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.send?.({ port }));
process.on('disconnect', () => process.exit(0));
