/** Which flow a message starts, and for every other one why not: kept with the message and shown to people. */
import { compilePattern } from './regex.ts';
import type { CallTrigger, TriggerDefinition } from './types.ts';

export interface TriggerInput {
  inboxId: string;
  /** Plain rendering of the message. */
  text: string;
  /** Whether this is the first message of its conversation. */
  isFirst: boolean;
  /** What happened, where this is an event of a call. */
  call?: string;
}
export interface TriggerVerdict {
  matched: boolean;
  /** A sentence for people; never holds the message's text. */
  reason: string;
}
export interface RoutableFlow {
  flowId: string;
  name: string;
  versionId: string;
  position: number;
  triggers: readonly TriggerDefinition[];
}
export interface Considered extends TriggerVerdict {
  flowId: string;
  name: string;
}

const yes = (reason: string): TriggerVerdict => ({ matched: true, reason });
const no = (reason: string): TriggerVerdict => ({ matched: false, reason });

export function matchTrigger(trigger: TriggerDefinition, input: TriggerInput): TriggerVerdict {
  const listed = trigger.inboxIds.includes(input.inboxId);
  if (!listed && !trigger.inboxIds.includes('*')) return no('It does not listen to this inbox.');
  const where = listed ? 'in this inbox' : 'in any inbox';
  if (trigger.kind === 'call') return matchCall(trigger.event, input.call, where);
  if (input.call !== undefined) return no('It listens to messages, and this is an event of a call.');
  const { match } = trigger;
  switch (match.kind) {
    case 'any':
      return yes(`It listens to every message ${where}.`);
    case 'first':
      return input.isFirst
        ? yes(`It listens to the first message of a conversation ${where}.`)
        : no('It listens to first messages only, and this conversation had one before.');
    case 'keyword':
      return matchKeyword(match.value, input.text, where);
    case 'regex':
      return matchRegex(match.value, input.text, where);
  }
}

const callWords = {
  incoming: 'incoming calls',
  missed: 'missed calls',
  ended: 'the ends of answered calls',
} as const satisfies Record<CallTrigger['event'], string>;

function matchCall(event: CallTrigger['event'], happened: string | undefined, where: string): TriggerVerdict {
  const words = callWords[event];
  if (happened === undefined) return no(`It listens to ${words}, and this is a message.`);
  return happened === event
    ? yes(`It listens to ${words} ${where}.`)
    : no(`It listens to ${words}, and this is something else in a call.`);
}

/** Several keywords are separated by commas. */
function matchKeyword(value: string, text: string, where: string): TriggerVerdict {
  const keywords = value
    .split(',')
    .map((keyword) => keyword.trim())
    .filter((keyword) => keyword !== '');
  if (keywords.length === 0) return no('It has no keyword to listen for.');
  const found = keywords.find((keyword) => containsWord(text, keyword));
  const list = keywords.map((keyword) => `“${keyword}”`).join(', ');
  return found === undefined
    ? no(`The message does not contain ${list}.`)
    : yes(`The message contains the keyword “${found}” ${where}.`);
}

function matchRegex(value: string, text: string, where: string): TriggerVerdict {
  const pattern = compilePattern(value);
  if (value === '') return no('It has no pattern to listen for.');
  if (pattern.kind === 'bad') return no(`Its pattern can't be used: ${pattern.message}`);
  return pattern.test(text)
    ? yes(`The message matches the pattern ${value} ${where}.`)
    : no(`The message does not match the pattern ${value}.`);
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();
/** Letters of scripts that put spaces between words. */
const spaced = /^[\p{L}\p{N}\p{M}_]$/u;
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;
const isWordChar = (char: string | undefined): boolean =>
  char !== undefined && spaced.test(char) && !unspaced.test(char);

const firstChar = (text: string): string | undefined => /^./su.exec(text)?.[0];
const lastChar = (text: string): string | undefined => /.$/su.exec(text.slice(-2))?.[0];

/** Whether the keyword stands in the text as a word or phrase of its own, whatever the case. */
function containsWord(text: string, keyword: string): boolean {
  const [hay, needle] = [fold(text), fold(keyword)];
  if (needle === '') return false;
  const startsInWord = isWordChar(firstChar(needle));
  const endsInWord = isWordChar(lastChar(needle));
  for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + 1)) {
    const before = lastChar(hay.slice(Math.max(0, at - 2), at));
    const after = firstChar(hay.slice(at + needle.length, at + needle.length + 2));
    if (!(startsInWord && isWordChar(before)) && !(endsInWord && isWordChar(after))) return true;
  }
  return false;
}

/**
 * The flow a message starts: one that lists its inbox before one for every inbox, one that listens for something before one that
 * takes any message, then by position (then id, so that the answer never wavers). `considered` is in that order.
 */
export function routeMessage<F extends RoutableFlow>(
  flows: readonly F[],
  input: TriggerInput,
): { flow: F | null; considered: Considered[] } {
  const candidates = flows.map((flow) => ({ flow, ...bestTrigger(flow, input) })).sort(inOrder);
  const winner = candidates.find(({ verdict }) => verdict.matched)?.flow ?? null;
  const considered = candidates.map(({ flow, verdict }): Considered => {
    const { flowId, name } = flow;
    const outdone = verdict.matched && flow !== winner;
    const reason = outdone
      ? `It would have started, but “${winner?.name ?? ''}” comes before it. ${verdict.reason}`
      : verdict.reason;
    return { flowId, name, matched: verdict.matched, reason };
  });
  return { flow: winner, considered };
}

interface Ranked {
  verdict: TriggerVerdict;
  rank: number;
}
function bestTrigger(flow: RoutableFlow, input: TriggerInput): Ranked {
  const ranked = flow.triggers.map((trigger): Ranked => {
    const rank =
      (trigger.inboxIds.includes(input.inboxId) ? 0 : 2) +
      (trigger.kind !== 'call' && trigger.match.kind === 'any' ? 1 : 0);
    return { verdict: matchTrigger(trigger, input), rank };
  });
  const matching = ranked.filter(({ verdict }) => verdict.matched).sort((a, b) => a.rank - b.rank)[0];
  if (matching !== undefined) return matching;
  const reasons = [...new Set(ranked.map(({ verdict }) => verdict.reason))].join(' ');
  return { verdict: no(reasons === '' ? 'It has no trigger.' : reasons), rank: 4 };
}
function inOrder(a: Ranked & { flow: RoutableFlow }, b: Ranked & { flow: RoutableFlow }): number {
  return a.rank - b.rank || a.flow.position - b.flow.position || (a.flow.flowId < b.flow.flowId ? -1 : 1);
}
