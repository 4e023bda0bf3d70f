/** Webhooks out: only what is subscribed, batched, signed over the very bytes, again until somebody answers 2xx. */
import { createHmac, randomBytes } from 'node:crypto';
import type { WebhookBody, WebhookItem } from './webhook-bodies.ts';
import type { Account, World } from './world.ts';

interface Event {
  account: Account;
  object: WebhookBody['object'];
  entryId: string;
  item: WebhookItem;
  url: string;
}
export interface Webhooks {
  /** Queues an event of this account where its field is subscribed. What is queued in one turn goes out in one body. */
  emit(account: Account, field: string, item: WebhookItem): void;
  /** Sends what was held, last first, each for itself. */
  release(account: Account): Promise<void>;
  settled(): Promise<void>;
  /** Meta's handshake. @returns whether it was answered with the challenge */
  handshake(url: string, verifyToken: string): Promise<boolean>;
}

const MAX_TRIES = 8;

export function createWebhooks(world: World): Webhooks {
  let queue: Event[] = [];
  let flushing: Promise<void> | null = null;
  let chain: Promise<void> = Promise.resolve();
  const held = new Map<Account, Event[]>();

  const flush = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    flushing = null;
    const events = queue;
    queue = [];
    for (const batch of batches(events)) chain = chain.then(() => send(batch));
    await chain;
  };
  const send = async (batch: readonly Event[]): Promise<void> => {
    const first = batch[0];
    if (!first) return;
    const bytes = escaped(bodyOf(batch, world.now()));
    const app = first.account.byInstagramLogin ? world.deps.apps.instagram : world.deps.apps.meta;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'facebookexternalua',
      'x-hub-signature-256': `sha256=${createHmac('sha256', app?.secret ?? '')
        .update(bytes)
        .digest('hex')}`,
    };
    for (let copy = 0; copy < first.account.delivery.copies; copy += 1) {
      for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
        const { status } = await world.deps
          .deliver(first.url, { method: 'POST', headers, body: bytes })
          .catch(() => ({ status: 0 }));
        if (status >= 200 && status < 300) break;
        await pause(100 * 2 ** attempt);
      }
    }
  };
  return {
    emit(account, field, item) {
      if (!isSubscribed(world, account, field)) return;
      const event: Event = {
        account,
        object: objectOf(account),
        entryId: account.kind === 'number' ? (account.parentId ?? account.id) : account.id,
        item,
        url: urlOf(world, account),
      };
      if (account.delivery.held) return void held.set(account, [...(held.get(account) ?? []), event]);
      queue.push(event);
      flushing ??= flush();
    },
    async release(account) {
      const events = (held.get(account) ?? []).toReversed();
      held.delete(account);
      for (const event of events) chain = chain.then(() => send([event]));
      await chain;
    },
    async settled() {
      await flushing;
      await chain;
    },
    async handshake(url, verifyToken) {
      const challenge = String(randomBytes(4).readUInt32BE());
      const query = new URLSearchParams({
        'hub.mode': 'subscribe',
        'hub.challenge': challenge,
        'hub.verify_token': verifyToken,
      });
      const target = `${url}${url.includes('?') ? '&' : '?'}${query.toString()}`;
      const answer = await world.deps
        .deliver(target, { method: 'GET', headers: {}, body: '' })
        .catch(() => ({ status: 0, body: '' }));
      return answer.status === 200 && answer.body === challenge;
    },
  };
}

/** Both levels count; an Instagram account of Facebook Login gets its events once its page is subscribed to anything. */
function isSubscribed(world: World, account: Account, field: string): boolean {
  if (account.kind === 'number') return world.wabas.get(account.parentId ?? '')?.subscribed ?? false;
  if (account.subscribed !== null) return account.subscribed.includes(field);
  if (account.kind !== 'instagram' || account.parentId === null) return false;
  return (world.accounts.get(account.parentId)?.subscribed ?? []).length > 0;
}

function objectOf({ kind }: Account): WebhookBody['object'] {
  if (kind === 'number') return 'whatsapp_business_account';
  return kind;
}

function urlOf(world: World, account: Account): string {
  return world.wabas.get(account.parentId ?? '')?.override ?? world.callbackUrl;
}

/** What goes out together: of one app, one object, one address and one way of delivery, in order. */
function batches(events: readonly Event[]): Event[][] {
  const groups: Event[][] = [];
  for (const event of events) {
    const last = groups.at(-1)?.[0];
    const fits =
      last?.object === event.object &&
      last.url === event.url &&
      last.account.byInstagramLogin === event.account.byInstagramLogin &&
      last.account.delivery.copies === event.account.delivery.copies;
    if (fits) groups.at(-1)?.push(event);
    else groups.push([event]);
  }
  return groups;
}

function bodyOf(batch: readonly Event[], nowMs: number): WebhookBody {
  const body: WebhookBody = { object: batch[0]?.object ?? 'page', entry: [] };
  for (const { entryId, item } of batch) {
    const kind = 'change' in item ? 'changes' : 'messaging';
    let entry = body.entry.at(-1);
    if (entry?.id !== entryId || !(kind in entry)) {
      // WhatsApp and changes count in seconds, messaging in milliseconds.
      entry = { id: entryId, time: kind === 'changes' ? Math.floor(nowMs / 1000) : nowMs, [kind]: [] };
      body.entry.push(entry);
    }
    if ('change' in item) entry.changes?.push(item.change);
    else entry.messaging?.push(item.messaging);
  }
  return body;
}

/** Meta's JSON: everything beyond ASCII as lower-case escapes, slashes escaped too. The signature is over this text. */
export function escaped(body: unknown): string {
  return JSON.stringify(body)
    .replaceAll('/', String.raw`\/`)
    .replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms).unref();
  await promise;
}
