import type { CallTrigger, MessageTrigger, TriggerDefinition } from '#domain/flow/types.ts';

/** "Any message in Website chat", "“help” in every inbox". Pure but for the inbox names handed in. */
export function triggerWords(
  trigger: TriggerDefinition,
  inboxName: (id: string) => string | undefined,
): string {
  const where = trigger.inboxIds.includes('*')
    ? 'every inbox'
    : trigger.inboxIds.map((id) => inboxName(id) ?? 'a deleted inbox').join(', ') || 'no inbox';
  const what = trigger.kind === 'call' ? callWords[trigger.event] : matchWords(trigger.match);
  return `${what} in ${where}`;
}
const callWords: Record<CallTrigger['event'], string> = {
  incoming: 'Incoming call',
  missed: 'Missed call',
  ended: 'End of a call',
};
function matchWords(match: MessageTrigger['match']): string {
  if ('value' in match) return match.kind === 'keyword' ? `“${match.value}”` : `Matches /${match.value}/`;
  return match.kind === 'first' ? 'First message' : 'Any message';
}
