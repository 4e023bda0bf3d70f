/** Webhooks that a provider has once for all accounts of an app, by the name in their address (`/webhooks/<name>`). */
import type { AppWebhook, AppWebhookName } from './contract.ts';
import { metaWebhook } from './meta/webhook.ts';
import { tikTokWebhook } from './tiktok/webhook.ts';

export const appWebhooks: Readonly<Record<AppWebhookName, AppWebhook>> = {
  meta: metaWebhook,
  tiktok: tikTokWebhook,
};

export function appWebhook(name: string): AppWebhook | undefined {
  return Object.values(appWebhooks).find((webhook) => webhook.name === name);
}
