/** From params to message effects, shared by the steps that write to the contact. */
import type { Json } from '../json.ts';
import { isMedia, type MessageError, type Part } from '../message.ts';
import { isComment } from '../private-reply.ts';
import { planUnits } from '../render.ts';
import { variablesOf, type Scope } from './scope.ts';
import type { StepProblem, StepResult } from './step.ts';
import { parseTemplate, renderTemplate, templateVariables, type VariableUse } from './template.ts';
import type { Effect, EffectOutcome } from './types.ts';

type Change = (text: string, what: 'text' | 'url') => string;

/** The part with every template in it replaced. Ids, phones and the like are no templates. */
function mapTexts(part: Part, change: Change): Part {
  if (isMedia(part)) {
    return {
      ...part,
      ...(part.url === undefined ? {} : { url: change(part.url, 'url') }),
      ...(part.name === undefined ? {} : { name: change(part.name, 'text') }),
      ...(part.caption === undefined ? {} : { caption: change(part.caption, 'text') }),
    };
  }
  if (part.kind === 'text') return { ...part, text: change(part.text, 'text') };
  if (part.kind !== 'choices') return part;
  const options = part.options.map((option) => ({ ...option, label: change(option.label, 'text') }));
  return { ...part, text: change(part.text, 'text'), options };
}
function templatesIn(parts: readonly Part[]): string[] {
  const found: string[] = [];
  for (const part of parts)
    mapTexts(part, (text) => {
      found.push(text);
      return text;
    });
  return found;
}
export const partsVariables = (parts: readonly Part[]): VariableUse[] =>
  templatesIn(parts).flatMap(templateVariables);
export const partsProblems = (parts: readonly Part[], path: string): StepProblem[] =>
  templatesIn(parts).flatMap((text) =>
    parseTemplate(text).problems.map((message) => ({ code: 'bad_template', path, message })),
  );

/**
 * The effects that say these parts, each one provider call, or why there are none. In addresses inserted values are
 * percent-encoded.
 */
export function messageEffects(
  parts: readonly Part[],
  scope: Scope,
): { parts: Part[]; effects: [Effect, ...Effect[]] } | { error: MessageError } {
  const root = variablesOf(scope);
  const rendered = parts.map((part) =>
    mapTexts(part, (text, what) => (what === 'url' ? renderAddress(text, root) : renderTemplate(text, root))),
  );
  for (const part of rendered)
    if (isMedia(part) && (part.url || part.mediaId === '') && !isWebAddress(part.url ?? ''))
      return {
        error: {
          kind: 'bad_address',
          message: `${part.kind}: the address is not an http(s) one after filling it in.`,
        },
      };
  const link = (mediaId: string): string | null => scope.mediaUrls?.[mediaId] ?? null;
  const units = planUnits(rendered, scope.capabilities, link).filter(hasContent);
  const [first, ...rest] = units.map((unit): Effect => ({ kind: 'message', parts: unit }));
  return first === undefined
    ? {
        error: {
          kind: 'empty_message',
          message: 'There is nothing to send: the text is empty after filling it in.',
        },
      }
    : { parts: rendered, effects: [first, ...rest] };
}

/** One direct message to the writer of the comment last heard, or why there can be none. */
export function privateReply(
  effects: readonly Effect[],
  { capabilities, message }: Scope,
): { effect: Effect } | { error: MessageError } {
  const [effect, second] = effects;
  if (effect?.kind !== 'message' || second !== undefined)
    return {
      error: {
        kind: 'private_reply_too_long',
        message: 'A private answer to a comment is one message; this would be several.',
      },
    };
  if (!capabilities.privateReply || message === null || !isComment(message.parts))
    return {
      error: { kind: 'no_comment', message: 'There is no comment here that could be answered privately.' },
    };
  return { effect: { ...effect, as: 'private_reply', inReplyToId: message.id } };
}

/** Channels refuse a message of white space only. */
function hasContent(unit: readonly Part[]): boolean {
  return unit.some((part) => part.kind !== 'text' || part.text.trim() !== '');
}

/** What stands at the very start is the address itself; everything inserted later is a part of it and is percent-encoded. */
export function renderAddress(template: string, root: unknown): string {
  const base = /^\s*\{\{(?:[^}"']|"[^"]*"|'[^']*')*\}\}/u.exec(template)?.[0] ?? '';
  const rest = template.slice(base.length);
  return (
    renderTemplate(base, root).trim() +
    renderTemplate(rest, root, (value) => encodeURIComponent(value.toWellFormed()))
  );
}
export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s/?#]+[^\s]*$/iu.test(text);
}

/**
 * What an outcome means for a row of messages: the failure, more to send, or all said. No answer counts as sent, because saying
 * it again could double it.
 */
export function settleMessage(
  outcome: EffectOutcome,
  pending: readonly Effect[],
):
  | { kind: 'failed'; error: MessageError }
  | { kind: 'more'; effects: [Effect, ...Effect[]] }
  | { kind: 'done' } {
  if (outcome.kind === 'failed') return { kind: 'failed', error: outcome.error };
  const [next, ...later] = pending.slice(1);
  return next === undefined ? { kind: 'done' } : { kind: 'more', effects: [next, ...later] };
}

/** Parts are JSON; their interfaces just don't say so to the compiler. */
export const partsAsJson = (parts: readonly Part[]): Json => parts as unknown as Json;

export const exitWith = (exit: string, extra: Omit<StepResult, 'go'> = {}): StepResult => ({
  go: { kind: 'exit', exit },
  ...extra,
});
