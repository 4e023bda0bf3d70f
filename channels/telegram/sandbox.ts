/** Telegram's double among the others: its bots behind the one interface, an inbox's phone behind its bot. */
import type { AdapterInbox } from '../contract.ts';
import type { ProviderSandbox, SandboxDeps } from '../sandbox-contract.ts';
import { ALLOWED_UPDATES } from './parse.ts';
import type { Webhook } from './sandbox/bot.ts';
import { createTelegramBots } from './sandbox/bots.ts';
import { createTelegramPhone } from './sandbox/phone.ts';

export function createTelegramSandbox(deps: SandboxDeps): ProviderSandbox {
  const bots = createTelegramBots({
    deliver: async (url, headers, body) =>
      (await deps.deliver(url, { method: 'POST', headers, body })).status,
    acceptsWebhook: (url) => url.href.startsWith(`${deps.publicUrl}/`),
    recall: (token) => recallWebhook(deps, token),
  });
  return {
    name: 'telegram',
    types: ['telegram'],
    handle: (request, path) => bots.handle(request, path),
    async phone(inbox) {
      return createTelegramPhone(await bots.control(tokenOf(inbox)));
    },
  };
}

function tokenOf({ credentials }: AdapterInbox): string {
  const token = credentials['botToken'];
  return typeof token === 'string' ? token : '';
}

/** What Telegram would still know after a restart of ours: the webhook that `connect` registered for this bot. */
async function recallWebhook(deps: SandboxDeps, token: string): Promise<Webhook | null> {
  const inboxes = await deps.inboxes(['telegram']);
  const inbox = inboxes.find(({ credentials }) => credentials['botToken'] === token);
  const secret = inbox?.credentials['webhookSecret'];
  if (!inbox || typeof secret !== 'string') return null;
  const url = `${deps.publicUrl}/webhooks/telegram/${inbox.id}`;
  return { url, secret, allowedUpdates: [...ALLOWED_UPDATES] };
}
