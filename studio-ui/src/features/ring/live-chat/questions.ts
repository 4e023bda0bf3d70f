/** Questions before the first message, as an admin edits them. Pure. */
import { localized } from '#domain/live-chat/localized.ts';
import type { PreChatField, PreChatKind } from '#domain/live-chat/settings.ts';

export const KIND_WORDS: Readonly<Record<PreChatKind, string>> = {
  name: 'Name',
  email: 'Email address',
  phone: 'Phone number',
  choice: 'Choice',
  text: 'Free text',
};
const questions: Readonly<Record<PreChatKind, string>> = {
  name: 'What is your name?',
  email: 'What is your email address?',
  phone: 'What is your phone number?',
  choice: 'What is it about?',
  text: 'Which order is it about?',
};

/** Name, email and phone are themselves; others get the next free key. */
export function newQuestion(fields: readonly PreChatField[], kind: PreChatKind): PreChatField {
  const label = questions[kind];
  if (kind !== 'choice' && kind !== 'text') return { key: kind, kind, required: false, label, options: [] };
  const base = kind === 'choice' ? 'topic' : 'question';
  let key = base;
  for (let number = 2; fields.some((field) => field.key === key); number++) key = `${base}_${number}`;
  const options =
    kind === 'choice' ? [option('an_order', 'An order'), option('something_else', 'Something else')] : [];
  return { key, kind, required: false, label, options };
}

type Option = PreChatField['options'][number];
const option = (id: string, label: string): Option => ({ id, label });

export const optionLines = (field: PreChatField): string =>
  field.options.map(({ label }) => localized(label, null)).join('\n');

/** Answers whose words stay keep their id and their other languages. */
export function optionsFrom(field: PreChatField, lines: string): Option[] {
  const taken = new Set<string>();
  return lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const known = field.options.find(({ label }) => localized(label, null) === line);
      const base =
        line
          .toLowerCase()
          .replaceAll(/[^a-z0-9]+/g, '_')
          .replaceAll(/^_+|_+$/g, '')
          .slice(0, 60) || 'answer';
      let id = known?.id ?? base;
      for (let number = 2; taken.has(id); number++) id = `${base}_${number}`;
      taken.add(id);
      return known ? { ...known, id } : option(id, line);
    });
}
