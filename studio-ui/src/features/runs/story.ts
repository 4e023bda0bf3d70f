/** A run as sentences. Told from what each step took in and gave out, so that new step kinds need nothing here. Pure. */
import { stepSpec } from '#domain/flow/steps/index.ts';
import type { Json } from '#domain/json.ts';
import type { Run, RunStep } from '../../lib/api/types.ts';
import { duration } from '../../lib/time.ts';
import { RUN_STATUS_WORDS } from './run-words.ts';

export interface Sentence {
  atMs: number;
  title: string;
  /** What was said or asked, where there was something. */
  quote?: string;
  /** What came of it. */
  result?: string;
  isProblem?: boolean;
}

/** `texts`: what messages really said, by id; where it is known it is told instead of the step's template. */
export function storyOf(
  run: Run,
  steps: readonly RunStep[],
  texts: ReadonlyMap<string, string> = new Map(),
): Sentence[] {
  const told = steps.map((step) => sentenceOf(step, texts));
  if (!run.endedAt) return told;
  const ending: Sentence = {
    atMs: Date.parse(run.endedAt),
    title: `${RUN_STATUS_WORDS[run.status].word} after ${duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))}`,
    ...(run.error ? { result: run.error.message, isProblem: true } : {}),
  };
  return [...told, ending];
}

function sentenceOf(step: RunStep, texts: ReadonlyMap<string, string>): Sentence {
  const said = (step.effects ?? [])
    .map((effect) => texts.get(effect.messageId ?? '') ?? '')
    .find((text) => text !== '');
  const quote = said === undefined ? spoken(step.input) : cut(said);
  const result = resultOf(step);
  return {
    atMs: Date.parse(step.enteredAt),
    title: stepTitle(step.kind),
    ...(quote === undefined ? {} : { quote }),
    ...(result === undefined ? {} : { result }),
    ...(step.error ? { isProblem: true } : {}),
  };
}
export function stepTitle(kind: string): string {
  return stepSpec(kind)?.title ?? kind;
}

function resultOf(step: RunStep): string | undefined {
  const waitedMs = step.leftAt === undefined ? 0 : Date.parse(step.leftAt) - Date.parse(step.enteredAt);
  const reply = field(step.output, 'reply');
  const problem = field(step.output, 'problem');
  const pieces = [
    waitedMs >= 5_000 ? `took ${duration(waitedMs)}` : '',
    typeof reply === 'string' ? `the answer was “${cut(reply)}”` : '',
    typeof problem === 'string' ? problem : '',
    step.error ? step.error.message : '',
    step.exit && step.exit !== 'next' && step.exit !== 'end'
      ? `went on by “${step.exit.replaceAll('_', ' ')}”`
      : '',
    step.leftAt === undefined ? 'is here now' : '',
  ].filter((piece) => piece !== '');
  return pieces.length === 0 ? undefined : pieces.join('; ');
}

/** The words in a step's input: a text, a question, or the texts of its parts. */
function spoken(input: Json | undefined): string | undefined {
  for (const key of ['text', 'question', 'parts', 'url', 'note']) {
    const text = wordsOf(field(input, key));
    if (text !== '') return cut(text);
  }
  return undefined;
}
function wordsOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value))
    return value
      .map((part) => wordsOf(field(part, 'text')))
      .filter(Boolean)
      .join(' ');
  return '';
}
function field(value: Json | undefined, key: string): Json | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value[key] : undefined;
}
const cut = (text: string): string => (text.length > 160 ? `${text.slice(0, 159)}…` : text);
