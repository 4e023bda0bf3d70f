import { RE2JS } from 're2js';

/** Longest pattern, and longest text one is run over, in UTF-16 units: time is linear in their product. */
const MAX_PATTERN = 500;
const MAX_SUBJECT = 10_000;
const MAX_PROGRAM = 5_000;

type Pattern = { kind: 'pattern'; test(text: string): boolean } | { kind: 'bad'; message: string };
/** A memo, not a memory: the same source always gives the same pattern. */
const compiled = new Map<string, Pattern>();

/** A pattern of the linear-time engine RE2 (no look-around, no back-references). Searches anywhere; `(?i)` ignores case. Never throws. */
export function compilePattern(source: string): Pattern {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const pattern = compile(source);
  if (compiled.size >= 200) compiled.clear();
  compiled.set(source, pattern);
  return pattern;
}

function compile(source: string): Pattern {
  if (source.length > MAX_PATTERN)
    return { kind: 'bad', message: `A pattern may have ${MAX_PATTERN} characters.` };
  try {
    const regex = RE2JS.compile(source);
    if (regex.programSize() > MAX_PROGRAM)
      return { kind: 'bad', message: 'The pattern repeats too much: lower its {n,m} counts.' };
    return { kind: 'pattern', test: (text) => regex.test(text.slice(0, MAX_SUBJECT)) };
  } catch (error) {
    return { kind: 'bad', message: error instanceof Error ? error.message : String(error) };
  }
}
