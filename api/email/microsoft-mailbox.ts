/** A Microsoft mailbox to the supervisor: asks what is new by a delta query, which is the truth, and takes it in. */
import { ChannelError } from '#channels/contract.ts';
import { isMicrosoftInbox, type MicrosoftAccounts } from '#channels/email/microsoft/accounts.ts';
import { graphOf } from '#channels/email/microsoft/graph.ts';
import {
  readChanges,
  readMail,
  sinceAfter,
  type DeltaPlace,
} from '#channels/email/microsoft/inbox-folder.ts';
import type { HttpClient } from '#channels/http.ts';
import type { JsonObject } from '#domain/json.ts';
import type { MailboxKind } from './mailbox-kind.ts';

/** Microsoft tells us of new mails; this finds what it forgot to. */
const SUBSCRIBED_MS = 5 * 60_000;
/** Nobody tells us. */
const ALONE_MS = 60_000;

export function microsoftMailbox(deps: { http: HttpClient; accounts: MicrosoftAccounts }): MailboxKind {
  return {
    async look(work) {
      const { inbox, signal } = work;
      if (!isMicrosoftInbox(inbox))
        throw new ChannelError('permanent', 'This is no Microsoft mailbox any more.');
      const graph = graphOf(deps, inbox);
      for (;;) {
        const changes = await readChanges(graph, placeOf(work.cursor()), signal);
        for (const { id, receivedAtMs } of changes.mails) {
          const raw = await readMail(graph, id, signal);
          if (raw === null) continue;
          // The link stays until all of these are in: after a crash they are asked for again.
          const before = placeOf(work.cursor());
          const cursor = { ...before, since: sinceAfter(before, receivedAtMs) };
          await work.take({ raw, receivedAtMs, place: id }, cursor);
        }
        await work.save({ ...changes.next, since: placeOf(work.cursor()).since });
        if (changes.complete) break;
      }
      const subscription = await deps.accounts.subscription(inbox.id);
      const subscribed = subscription !== null && subscription.expiresAtMs > Date.now();
      await work.succeeded({ subscribed, lastDeltaAt: new Date().toISOString() });
      return { againInMs: subscribed ? SUBSCRIBED_MS : ALONE_MS };
    },
  };
}

function placeOf(cursor: JsonObject): DeltaPlace {
  const { since, link } = cursor;
  return {
    // Never looked at and told nothing: from now on.
    since: typeof since === 'string' ? since : new Date().toISOString(),
    ...(typeof link === 'string' ? { link } : {}),
  };
}
