/** An API inbox in tests: the developer's own server at the other end, signing by hand what it posts. */
import { createHmac } from 'node:crypto';
import { inboxOf, type SandboxInbox, type Thread } from '../support/channel-inbox.ts';
import { startCallbackReceiver, type CallbackReceiver, type Delivery } from '../support/callback-receiver.ts';
import type { ChannelProduct } from '../support/channel-product.ts';

export interface ApiChannel {
  inbox: SandboxInbox;
  secret: string;
  receiver: CallbackReceiver;
  /** Signed, as CONTRACT "Webhooks" says. */
  post: (body: object) => Promise<{ status: number; body: { eventId: string | null; duplicate: boolean } }>;
  /** A message of this customer, arrived. */
  say: (from: string, text: string, more?: object) => Promise<Thread>;
}

let messages = 0;

export async function startApiChannel(
  product: ChannelProduct,
  options: { idempotent?: boolean } = {},
): Promise<ApiChannel> {
  const receiver = await startCallbackReceiver();
  const credentials = { callbackUrl: receiver.url, ...options };
  const created = await product.call<{ inbox: { id: string }; secret: string }>('POST', '/api/inboxes', {
    type: 'api',
    name: 'Own shop',
    credentials,
  });
  const { secret } = created;
  const inbox = inboxOf(product.call, created.inbox.id, 'api');
  const post: ApiChannel['post'] = async (body) => {
    const raw = JSON.stringify(body);
    const seconds = Math.floor(Date.now() / 1000);
    const response = await fetch(`${product.product.url}/webhooks/api/${inbox.id}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-teloring-signature': signature(secret, seconds, raw),
      },
      body: raw,
    });
    return { status: response.status, body: (await response.json()) as never };
  };
  return {
    inbox,
    secret,
    receiver,
    post,
    async say(from, text, more = {}) {
      const id = `in-${(messages += 1)}`;
      const { status } = await post({ id, from: { id: from }, text, ...more });
      if (status !== 202) throw new Error(`The webhook answered ${status}.`);
      return inbox.holding(id);
    },
  };
}

export function signature(secret: string, seconds: number, raw: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${raw}`).digest('hex')}`;
}

/** Whether a callback is signed by this secret. */
export function isSigned({ headers, raw }: Delivery, secret: string): boolean {
  const given = String(headers['x-teloring-signature']);
  return given === signature(secret, Number(/^t=(\d+)/.exec(given)?.[1]), raw);
}
