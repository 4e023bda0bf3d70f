import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApi, type TestApi } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { createApiInbox, receive } from '../support/inboxes.ts';

interface Customer {
  id: string;
  name: string;
  email: string | null;
  phone: string | null;
  company: string | null;
  fields: object;
  contacts: { externalId: string }[];
}

let api: TestApi;
let json: Ask;
beforeAll(async () => {
  api = await createTestApi();
  json = asking(api, { as: 'agent' });
});
afterAll(() => api.close());

test('create, read, change, delete', async () => {
  const created = await json<Customer>('/api/customers', {
    body: {
      name: ' Acme \u0000',
      email: 'buy@acme.test',
      fields: { tier: 'gold', since: 2019 },
      unknown: true,
    },
  });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({
    name: 'Acme \uFFFD',
    email: 'buy@acme.test',
    phone: null,
    company: null,
    fields: { tier: 'gold', since: 2019 },
    contacts: [],
  });
  const path = `/api/customers/${created.body.id}`;
  const changed = await json<Customer>(path, {
    method: 'PATCH',
    body: { email: null, phone: '+372 5', fields: { tier: null, vat: 'EE1' } },
  });
  expect(changed.body).toMatchObject({
    name: 'Acme \uFFFD',
    email: null,
    phone: '+372 5',
    fields: { since: 2019, vat: 'EE1' },
  });
  expect((await json<Customer>(path)).body.fields).toEqual({ since: 2019, vat: 'EE1' });
  expect((await api.request(path, { method: 'DELETE', as: 'agent' })).status).toBe(204);
  expect((await json(path)).status).toBe(404);
  expect((await json(path, { method: 'PATCH', body: { name: 'x' } })).status).toBe(404);
});

test('a customer needs a name', async () => {
  for (const body of [{}, { name: ' ' }, { name: 5 }, { name: 'x', fields: [] }]) {
    expect((await json('/api/customers', { body })).status).toBe(422);
  }
  expect((await json('/api/customers', { body: '{' })).status).toBe(400);
});

test('search finds any part of name, email, phone, company, literally', async () => {
  await json('/api/customers', {
    body: { name: '100% Kohv', email: 'info@kohv.test', company: 'Kohvik OÜ' },
  });
  await json('/api/customers', { body: { name: '100 teed' } });
  const find = async (q: string): Promise<string[]> =>
    (await json<{ items: Customer[] }>(`/api/customers?q=${encodeURIComponent(q)}`)).body.items.map(
      (item) => item.name,
    );
  expect(await find('100%')).toEqual(['100% Kohv']);
  expect(await find('KOHVIK')).toEqual(['100% Kohv']);
  expect(await find('o@koh')).toEqual(['100% Kohv']);
  expect(await find('10_')).toEqual([]);
});

test('deleting one leaves its contacts and conversations, without a customer', async () => {
  const inbox = await createApiInbox(api);
  const { conversationId } = await receive(api, inbox, { id: 'x', from: { id: 'their-id' }, text: 'hi' });
  const { body } = await json<Customer>('/api/customers', { body: { name: 'Gone' } });
  await json(`/api/conversations/${conversationId}`, { method: 'PATCH', body: { customerId: body.id } });
  expect((await json<Customer>(`/api/customers/${body.id}`)).body.contacts).toMatchObject([
    { externalId: 'their-id' },
  ]);
  await api.request(`/api/customers/${body.id}`, { method: 'DELETE', as: 'agent' });
  expect(
    (await json<{ customerId: null }>(`/api/conversations/${conversationId}`)).body.customerId,
  ).toBeNull();
});
