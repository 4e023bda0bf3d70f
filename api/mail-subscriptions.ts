/** Microsoft mailboxes from the API's side: subscribed right after they were connected, and looked after from then on. */
import { isMicrosoftInbox } from '#channels/email/microsoft/accounts.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import type { ApiDeps } from './deps.ts';

/** The inbox is gone: so is the workflow that looked after its subscription, soon. */
export async function unsubscribe(deps: ApiDeps, inbox: CachedInbox): Promise<void> {
  if (isMicrosoftInbox(inbox)) await deps.engine.keepSubscription(inbox.id);
}

/** @returns what an admin should know; nothing for other inboxes */
export async function subscribe(deps: ApiDeps, inbox: CachedInbox): Promise<string[]> {
  if (!isMicrosoftInbox(inbox)) return [];
  const report = await deps.keepMailSubscription(inbox.id);
  await deps.engine.keepSubscription(inbox.id);
  if (report.kind === 'gone' || report.problem === null) return [];
  const https = deps.config.publicUrl.startsWith('https://');
  return [
    `Microsoft doesn’t tell us of new mails: they are looked for once a minute instead. ${
      https ? '' : `It can only reach a public https address, and PUBLIC_URL is ${deps.config.publicUrl}. `
    }(${report.problem})`,
  ];
}
