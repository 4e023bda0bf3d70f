/** Calls our webhooks as Twilio does: forms signed by the auth token, tried again as the URL's fragment says, then the fallback. */
import { randomUUID } from 'node:crypto';
import type { SandboxDelivery, SandboxDeps } from '../../sandbox-contract.ts';
import { twilioSignature, type FormField } from '../signature.ts';

export interface Webhook {
  url: string;
  fallbackUrl?: string;
  authToken: string;
  fields: readonly FormField[];
  /** What the answer says to the customer in place of TwiML: any other text goes out as a message. */
  onText?: (text: string) => void;
}
export interface Webhooks {
  push(webhook: Webhook): void;
  delivery(): SandboxDelivery;
  setDelivery(change: Partial<SandboxDelivery>): void;
  release(): Promise<void>;
  settled(): Promise<void>;
}

export function createWebhooks(deliver: SandboxDeps['deliver']): Webhooks {
  let delivery: SandboxDelivery = { copies: 1, held: false, statuses: true };
  let held: Webhook[] = [];
  let last: Promise<void> = Promise.resolve();
  const run = (webhook: Webhook): void => {
    const { copies } = delivery;
    last = last.then(async () => {
      for (let copy = 0; copy < copies; copy += 1) await call(deliver, webhook);
    });
  };
  const settled = async (): Promise<void> => {
    for (let seen: Promise<void> | null = null; seen !== last;) {
      seen = last;
      await seen;
    }
  };
  return {
    push(webhook) {
      if (delivery.held) held.push(webhook);
      else run(webhook);
    },
    delivery: () => delivery,
    setDelivery(change) {
      delivery = { ...delivery, ...change };
    },
    async release() {
      const waiting = held.toReversed();
      held = [];
      delivery = { ...delivery, held: false };
      for (const webhook of waiting) run(webhook);
      await settled();
    },
    settled,
  };
}

async function call(deliver: SandboxDeps['deliver'], webhook: Webhook): Promise<void> {
  const token = randomUUID();
  const more = Number(/#.*\brc=(\d)/.exec(webhook.url)?.[1] ?? 0);
  for (let tries = 0; tries <= more; tries += 1)
    if (await post(deliver, webhook, webhook.url, token, webhook.fields)) return;
  if (!webhook.fallbackUrl) return;
  const why: FormField[] = [
    ['ErrorCode', '11200'],
    ['ErrorUrl', bare(webhook.url)],
  ];
  await post(deliver, webhook, webhook.fallbackUrl, token, [...webhook.fields, ...why]);
}

/** @returns whether it was taken */
async function post(
  deliver: SandboxDeps['deliver'],
  { authToken, onText }: Webhook,
  url: string,
  idempotencyToken: string,
  fields: readonly FormField[],
): Promise<boolean> {
  const body = new URLSearchParams(fields.map(([name, value]) => [name, value])).toString();
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'user-agent': 'TwilioProxy/1.1',
    'i-twilio-idempotency-token': idempotencyToken,
    // What the form says once it is read, for that is what is signed: a form has no lone surrogates.
    'x-twilio-signature': twilioSignature(authToken, bare(url), [...new URLSearchParams(body)]),
  };
  try {
    const answer = await deliver(bare(url), { method: 'POST', headers, body });
    const taken = answer.status >= 200 && answer.status < 300;
    if (taken && answer.body.trim() !== '' && !/^\s*<(\?xml|Response)/.test(answer.body))
      onText?.(answer.body);
    return taken;
  } catch {
    // Not reachable: as Twilio, it is tried again or given up.
    return false;
  }
}

/** The fragment is for Twilio itself: neither called nor signed. */
function bare(url: string): string {
  return url.replace(/#.*$/s, '');
}
