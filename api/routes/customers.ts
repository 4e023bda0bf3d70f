import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import {
  contactsOfCustomer,
  deleteCustomer,
  findCustomer,
  insertCustomer,
  listCustomers,
  updateCustomer,
} from '#db/customers.ts';
import { storable, storableObject } from '../body.ts';
import { encodeCursor, idCursor, pageOf } from '../cursor.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import {
  createRouter,
  idParam,
  jsonAnswer,
  jsonBody,
  listOf,
  noContent,
  pageQuery,
  refusals,
} from '../openapi.ts';
import { customerDetailShape, customerShape, toCustomer, toCustomerDetail } from '../shapes/customer.ts';

const text = z.string().trim().max(500);
const input = z.object({
  name: text.optional(),
  email: text.nullable().optional(),
  phone: text.nullable().optional(),
  company: text.nullable().optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
});

const list = createRoute({
  method: 'get',
  path: '/api/customers',
  middleware: [requirePermission('customers:read')] as const,
  request: { query: pageQuery.extend({ q: z.string().trim().max(200).optional() }) },
  responses: { 200: jsonAnswer(listOf(customerShape), 'Newest first.'), ...refusals },
});
const create = createRoute({
  method: 'post',
  path: '/api/customers',
  middleware: [requirePermission('customers:write')] as const,
  request: { body: jsonBody(input.extend({ name: text.min(1) })) },
  responses: { 201: jsonAnswer(customerDetailShape, 'The customer.'), ...refusals },
});
const read = createRoute({
  method: 'get',
  path: '/api/customers/{id}',
  middleware: [requirePermission('customers:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(customerDetailShape, 'The customer.'), ...refusals },
});
const change = createRoute({
  method: 'patch',
  path: '/api/customers/{id}',
  summary: 'Named `fields` are set, null takes one away, the others stay',
  middleware: [requirePermission('customers:write')] as const,
  request: { params: idParam, body: jsonBody(input) },
  responses: { 200: jsonAnswer(customerDetailShape, 'The customer as it is now.'), ...refusals },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/customers/{id}',
  summary: 'Delete; contacts and conversations stay, without a customer',
  middleware: [requirePermission('customers:write')] as const,
  request: { params: idParam },
  responses: { 204: noContent, ...refusals },
});

export function customerRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor, q } = c.req.valid('query');
      const filter = q === undefined || q === '' ? {} : { q: storable(q) };
      const rows = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listCustomers(tx, filter, limit + 1, idCursor(cursor)),
      );
      return c.json(
        pageOf(rows, limit, toCustomer, (row) => encodeCursor(row.id)),
        200,
      );
    })
    .openapi(create, async (c) => {
      const actor = c.get('actor');
      const body = cleaned(c.req.valid('json'));
      const row = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const row = await insertCustomer(tx, actor.workspaceId, body);
        await audit(tx, actor, 'customer.created', { kind: 'customer', id: row.id }, { name: row.name });
        return row;
      });
      deps.feed.poke();
      return c.json(toCustomerDetail(row, []), 201);
    })
    .openapi(read, async (c) => {
      const { id } = c.req.valid('param');
      const found = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        const row = await findCustomer(tx, id);
        return row && { row, contacts: await contactsOfCustomer(tx, id) };
      });
      if (!found) throw notFound('customer');
      return c.json(toCustomerDetail(found.row, found.contacts), 200);
    })
    .openapi(change, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const body = cleaned(c.req.valid('json'));
      const found = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const row = await updateCustomer(tx, actor.workspaceId, id, body);
        if (!row) throw notFound('customer');
        await audit(tx, actor, 'customer.changed', { kind: 'customer', id }, body);
        return { row, contacts: await contactsOfCustomer(tx, id) };
      });
      deps.feed.poke();
      return c.json(toCustomerDetail(found.row, found.contacts), 200);
    })
    .openapi(remove, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        if (!(await deleteCustomer(tx, actor.workspaceId, id))) throw notFound('customer');
        await audit(tx, actor, 'customer.deleted', { kind: 'customer', id });
      });
      deps.feed.poke();
      return c.body(null, 204);
    });
}

/** In a form Postgres stores, and without keys that were not sent. */
function cleaned(body: z.infer<typeof input>) {
  return storableObject(Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)));
}
