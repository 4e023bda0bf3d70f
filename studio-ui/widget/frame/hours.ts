/** When somebody is there again, in the visitor's own words and clock. */
import type { Language } from '../language.ts';
import { timeText } from './rows.ts';
import type { Say } from './words.svelte.ts';

const dayMs = 86_400_000;

/** '' where nobody knows. */
export function backText(
  opensAt: Date | null,
  now: Date,
  { say, language }: { say: Say; language: Language },
): string {
  if (!opensAt || opensAt <= now) return '';
  const time = timeText(opensAt, language);
  if (opensAt.toDateString() === now.toDateString()) return say('backToday', { time });
  if (opensAt.toDateString() === new Date(now.getTime() + dayMs).toDateString())
    return say('backTomorrow', { time });
  const soon = opensAt.getTime() - now.getTime() < 6 * dayMs;
  const day = opensAt.toLocaleDateString(
    language,
    soon ? { weekday: 'long' } : { weekday: 'long', day: 'numeric', month: 'long' },
  );
  return say('backOn', { day, time });
}
