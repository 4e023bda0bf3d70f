/** Customers: the CRM record that one or more contacts belong to. */
import { sql, type Selectable } from 'kysely';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';
import { containing } from './conversations.ts';
import type { ContactsTable, CustomersTable } from './schema.ts';
import { emit } from './ui-events.ts';

export type CustomerRow = Selectable<CustomersTable>;
export type CustomerContactRow = Pick<
  Selectable<ContactsTable>,
  'id' | 'inbox_id' | 'external_id' | 'name' | 'email' | 'phone'
>;

/** Newest first. @param before the id of the last one already seen */
export async function listCustomers(
  tx: Tx,
  filter: { q?: string },
  limit: number,
  before: string | null,
): Promise<CustomerRow[]> {
  let query = tx.selectFrom('customers').selectAll();
  if (filter.q !== undefined)
    query = query.where(sql<boolean>`id in (select search_customers(${containing(filter.q)}))`);
  if (before !== null) query = query.where('id', '<', before);
  return query.orderBy('id', 'desc').limit(limit).execute();
}

export async function findCustomer(tx: Tx, id: string): Promise<CustomerRow | undefined> {
  return tx.selectFrom('customers').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The identities of a customer in the inboxes, at most 100. */
export async function contactsOfCustomer(tx: Tx, customerId: string): Promise<CustomerContactRow[]> {
  return tx
    .selectFrom('contacts')
    .select(['id', 'inbox_id', 'external_id', 'name', 'email', 'phone'])
    .where('customer_id', '=', customerId)
    .orderBy('id')
    .limit(100)
    .execute();
}

export interface CustomerInput {
  name?: string;
  email?: string | null;
  phone?: string | null;
  company?: string | null;
  fields?: JsonObject;
}

export async function insertCustomer(
  tx: Tx,
  workspaceId: string,
  input: CustomerInput,
): Promise<CustomerRow> {
  const { name, email, phone, company, fields } = input;
  const row = await tx
    .insertInto('customers')
    .values({
      id: uuidV7(),
      workspace_id: workspaceId,
      name: name ?? '',
      email: email ?? null,
      phone: phone ?? null,
      company: company ?? null,
      fields: JSON.stringify(fields ?? {}),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await emit(tx, workspaceId, 'customer.updated', { customerId: row.id });
  return row;
}

/** `fields` are merged: those named are set, null takes one away, the others stay. */
export async function updateCustomer(
  tx: Tx,
  workspaceId: string,
  id: string,
  input: CustomerInput,
): Promise<CustomerRow | undefined> {
  const { fields, ...rest } = input;
  const gone = Object.keys(fields ?? {}).filter((name) => fields?.[name] === null);
  const row = await tx
    .updateTable('customers')
    .set({
      ...rest,
      ...(fields !== undefined && {
        fields: sql<string>`(fields || ${JSON.stringify(fields)}::jsonb) - ${gone}::text[]`,
      }),
      updated_at: sql`now()`,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (row) await emit(tx, workspaceId, 'customer.updated', { customerId: id });
  return row;
}

/** Their contacts and conversations stay, without a customer. False if there is none. */
export async function deleteCustomer(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  const row = await tx.deleteFrom('customers').where('id', '=', id).returning('id').executeTakeFirst();
  if (row) await emit(tx, workspaceId, 'customer.updated', { customerId: id });
  return row !== undefined;
}
