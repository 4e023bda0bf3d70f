import { expect } from 'vitest';
import type { MessageWire } from '../../../api/shapes/message.ts';
import { partsOf, type Thread } from '../../support/channel-inbox.ts';
import type { ChannelProduct } from '../../support/channel-product.ts';
import { eventually } from '../../support/eventually.ts';

export const acknowledged = ['sent', 'delivered', 'read'] as const;
export const says =
  (text: string) =>
  (message: { text: string }): boolean =>
    message.text === text;

/** Which lines that are no messages the thread shows, oldest first. */
export async function activities({ call }: ChannelProduct, { id }: Thread): Promise<string[]> {
  const { items } = await call<{ items: { kind: string }[] }>('GET', `/api/conversations/${id}/activities`);
  return items.map(({ kind }) => kind);
}

/** The picture behind a message, once it is in our storage. */
export function pictureOf(product: ChannelProduct, message: MessageWire): Promise<Uint8Array> {
  return eventually('the picture’s bytes', async () => {
    const answer = await product.download(partsOf(message, 'image')[0]?.url ?? '');
    return answer.status === 200 && answer.bytes;
  });
}

/** As the admin in a browser: an API key has no read marks. */
export async function readAll({ product }: ChannelProduct, { id }: Thread): Promise<void> {
  const { url, adminEmail: email, adminPassword: password } = product;
  const headers = { 'content-type': 'application/json', origin: url };
  const signedIn = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ email, password }),
  });
  const cookie = signedIn.headers.getSetCookie().map((each) => each.split(';')[0]);
  const answer = await fetch(`${url}/api/conversations/${id}/read`, {
    method: 'POST',
    headers: { ...headers, cookie: cookie.join('; ') },
    body: JSON.stringify({ seq: 1 }),
  });
  expect(answer.status).toBe(204);
}
