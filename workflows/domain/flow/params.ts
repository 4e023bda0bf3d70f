/** Pieces of params that several steps share. */
import { z } from 'zod';
import { cutText } from './path.ts';
import { parseTemplate } from './template.ts';
import type { StepProblem } from './step.ts';

/** The name of a variable in `vars`. */
export const variableName = z
  .string()
  .regex(
    /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,63}$/,
    'A variable name has letters, digits and _ only, and no digit first.',
  );

/** Text that may hold `{{variables}}`. */
export const templateText = z.string().max(20_000);

/** An id we gave out, or one an import still has to replace. */
export const reference = z.string().min(1).max(64);

/** The provider's name of a voice, and the language it speaks (BCP 47); absent: as the inbox has it. */
export const voice = z.string().min(1).max(80).optional();
export const language = z.string().min(2).max(20).optional();

/** One year: the longest a run may wait in one step. */
export const waitSeconds = z.number().min(1).max(31_536_000);

export function templateProblems(source: string, path: string): StepProblem[] {
  return parseTemplate(source).problems.map((message) => ({ code: 'bad_template', path, message }));
}

/** One line of at most 80 characters. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length > 80 ? `${cutText(line, 79)}…` : line;
}

/** `90` → "1 min 30 s"; the two largest units. */
export function describeSeconds(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  let rest = Math.max(0, Math.round(seconds));
  const words: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) words.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return words.slice(0, 2).join(' ') || '0 s';
}
