/** The questions before the first message: whether any are asked, and what is wrong with what was answered. */
import { isWritten, localized } from './localized.ts';
import type { PreChat, PreChatField } from './settings.ts';

export interface PreChatAnswers {
  answers: Readonly<Record<string, string>>;
  consent: boolean;
}
export interface PreChatProblem {
  /** The question's key, or `consent`. */
  path: string;
  code: 'missing' | 'invalid';
  message: string;
}
/** What is kept of an answer: of a choice its id, and how it read. */
export interface PreChatAnswer {
  key: string;
  kind: PreChatField['kind'];
  label: string;
  value: string;
  /** The chosen answer's words, where `value` is its id. */
  shown?: string;
}

export function asksFirst({ enabled, fields, consent }: PreChat): boolean {
  return enabled && (fields.length > 0 || isWritten(consent));
}

/** Whether nobody gets on without answering. */
export function mustAnswer({ fields, consent }: PreChat): boolean {
  return isWritten(consent) || fields.some(({ required }) => required);
}

/** What was answered, in the order asked; blanks and unknown keys are left out. */
export function readPreChat(
  form: PreChat,
  given: PreChatAnswers,
  language: string | null,
): { kind: 'ok'; answers: PreChatAnswer[] } | { kind: 'refused'; problems: PreChatProblem[] } {
  const problems: PreChatProblem[] = [];
  const answers = form.fields.flatMap((field): PreChatAnswer[] => {
    const value = (given.answers[field.key] ?? '').trim();
    if (value === '') {
      if (field.required) problems.push({ path: field.key, code: 'missing', message: 'Please answer this.' });
      return [];
    }
    const problem = problemOf(field, value);
    if (problem !== null) problems.push({ path: field.key, code: 'invalid', message: problem });
    const option = field.options.find(({ id }) => id === value);
    return [
      {
        key: field.key,
        kind: field.kind,
        label: localized(field.label, language),
        value,
        ...(field.kind === 'choice' && option && { shown: localized(option.label, language) }),
      },
    ];
  });
  if (isWritten(form.consent) && !given.consent)
    problems.push({ path: 'consent', code: 'missing', message: 'Please agree before you write.' });
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'ok', answers };
}

const longest: Readonly<Record<PreChatField['kind'], number>> = {
  name: 200,
  email: 254,
  phone: 40,
  choice: 100,
  text: 2000,
};

function problemOf(field: PreChatField, value: string): string | null {
  if (value.length > longest[field.kind])
    return `This is too long: at most ${longest[field.kind]} characters.`;
  if (field.kind === 'email' && !isEmail(value)) return 'This is no email address.';
  if (field.kind === 'phone' && !isPhone(value)) return 'This is no phone number.';
  if (field.kind === 'choice' && !field.options.some(({ id }) => id === value))
    return 'Choose one of the answers.';
  return null;
}

/** One address that a mail server could take; nothing that could become a second header or recipient. */
export function isEmail(text: string): boolean {
  return (
    text.length <= 254 && /^[^\s@,;:<>()[\]"\\]+@[^\s@,;:<>()[\]"\\]+\.[^\s@.,;:<>()[\]"\\]{2,}$/.test(text)
  );
}

function isPhone(text: string): boolean {
  return /^\+?[\d\s()./-]+$/.test(text) && /^\d{5,15}$/.test(text.replaceAll(/\D/g, ''));
}
