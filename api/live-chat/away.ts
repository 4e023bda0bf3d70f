/** The away message: what who writes outside the business hours is told. */
import type { ApiDeps } from '../deps.ts';
import { awayCandidates, sayAway } from '#db/away.ts';
import { poolOf } from '#db/client.ts';
import { openAt } from '#domain/live-chat/hours.ts';
import { localized } from '#domain/live-chat/localized.ts';
import { settingsOf } from './settings.ts';

/** Where it is closed for good. */
const never = new Date('9999-12-31T00:00:00Z');

/** Tells everybody who wrote while it was closed, once per closed time. Idempotent. @returns how many */
export async function tellAway(deps: Pick<ApiDeps, 'engineDb' | 'feed'>): Promise<number> {
  let told = 0;
  for (const candidate of await awayCandidates(poolOf(deps.engineDb))) {
    const { hours } = settingsOf(candidate);
    const text = localized(hours.awayMessage, candidate.language);
    const { open, opensAt } = openAt(hours, candidate.lastInAt);
    if (open || text === '') continue;
    if (await sayAway(deps.engineDb, candidate, text, opensAt ?? never)) told += 1;
  }
  if (told > 0) deps.feed.poke();
  return told;
}
