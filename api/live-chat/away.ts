/** The away message: what who writes outside the business hours is told. */
import type { ApiDeps } from '../deps.ts';
import { awayCandidates, awayInboxes, sayAway, type AwayCandidate } from '#db/away.ts';
import { poolOf } from '#db/client.ts';
import { openAt } from '#domain/live-chat/hours.ts';
import { isWritten, localized } from '#domain/live-chat/localized.ts';
import { settingsOf } from './settings.ts';

/** Where it is closed for good. */
const never = new Date('9999-12-31T00:00:00Z');

/** Tells everybody who wrote while it was closed, once per closed time. Idempotent. @returns how many */
export async function tellAway(deps: Pick<ApiDeps, 'engineDb' | 'feed'>, page = 500): Promise<number> {
  const pool = poolOf(deps.engineDb);
  let told = 0;
  for (const inbox of await awayInboxes(pool)) {
    const { hours } = settingsOf(inbox);
    if (!isWritten(hours.awayMessage)) continue;
    let candidates: AwayCandidate[] = [];
    do {
      candidates = await awayCandidates(pool, inbox, candidates.at(-1)?.conversationId ?? null, page);
      for (const candidate of candidates) {
        const text = localized(hours.awayMessage, candidate.language);
        const { open, opensAt } = openAt(hours, candidate.lastInAt);
        if (!open && (await sayAway(deps.engineDb, candidate, text, opensAt ?? never))) told += 1;
      }
    } while (candidates.length === page);
  }
  if (told > 0) deps.feed.poke();
  return told;
}
