import { z } from '@hono/zod-openapi';
import type { CustomerContactRow, CustomerRow } from '#db/customers.ts';
import { asObject } from './inbox.ts';

export const customerShape = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    company: z.string().nullable(),
    fields: z.record(z.string(), z.unknown()),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .openapi('Customer');

export const customerDetailShape = customerShape
  .extend({
    contacts: z.array(
      z.object({
        id: z.string(),
        inboxId: z.string(),
        externalId: z.string(),
        name: z.string().nullable(),
        email: z.string().nullable(),
        phone: z.string().nullable(),
      }),
    ),
  })
  .openapi('CustomerDetail');

export function toCustomer(row: CustomerRow): z.infer<typeof customerShape> {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    phone: row.phone,
    company: row.company,
    fields: asObject(row.fields),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toCustomerDetail(
  row: CustomerRow,
  contacts: readonly CustomerContactRow[],
): z.infer<typeof customerDetailShape> {
  return {
    ...toCustomer(row),
    contacts: contacts.map((contact) => ({
      id: contact.id,
      inboxId: contact.inbox_id,
      externalId: contact.external_id,
      name: contact.name,
      email: contact.email,
      phone: contact.phone,
    })),
  };
}
