/** A newcomer's first mail: `npm start`, an inbox, a mail by SMTP; and it is still there, at the same port, after everything was killed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { newHome, startProduct, type Product } from '../support/product.ts';

let product: Product;
beforeAll(async () => {
  product = await startProduct({ home: await newHome() });
});
afterAll(() => product?.kill9All());

async function api<T>(pathname: string, body?: object): Promise<T> {
  const response = await fetch(`${product.url}${pathname}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${product.apiKey}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}
async function send(to: string, text: string): Promise<void> {
  const login = await readFile(path.join(product.home, 'login.txt'), 'utf8');
  const [url = ''] = /smtp:\/\/127\.0\.0\.1:\d+/.exec(login) ?? [];
  const transport = createTransport(url);
  await transport.sendMail({ from: 'Ann <ann@example.com>', to, subject: 'Hello', text });
  transport.close();
}
const texts = async (inboxId: string): Promise<string[]> => {
  const { items } = await api<{ items: { lastMessage: { text: string } }[] }>(
    `/api/conversations?inboxId=${inboxId}`,
  );
  return items.map(({ lastMessage }) => lastMessage.text).toSorted();
};

test('a mail to an inbox of this machine is a conversation, before and after a crash', async () => {
  const { inbox } = await api<{ inbox: { id: string; account: { externalId: string } } }>('/api/inboxes', {
    type: 'email',
    name: 'Help',
    credentials: { kind: 'managed' },
  });
  const address = inbox.account.externalId;
  expect(address).toMatch(/^help-[a-z2-9]{8}@mail\.localhost$/);
  await send(address, 'First');
  await eventually('the mail is a conversation', async () => (await texts(inbox.id)).join() === 'First');
  await product.kill9All();
  product = await startProduct({ home: product.home });
  await send(address, 'Second');
  await eventually('both are there', async () => (await texts(inbox.id)).join() === 'First,Second');
});
