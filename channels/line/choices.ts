/** What our buttons carry, and how it comes back. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { ChoiceOption, ChoiceReplyPart } from '#domain/message.ts';
import type * as wire from './wire.ts';
import { ourPostback } from './wire.ts';

const MAX_DATA_LENGTH = 300;

/**
 * A postback names nothing but its data, so id and label travel together. An id that LINE's 300 characters don't hold goes as its
 * digest: the reply then names the option by this and by its label.
 */
export function postbackData({ id, label }: ChoiceOption): string {
  const data = JSON.stringify({ id, label });
  if (data.length <= MAX_DATA_LENGTH) return data;
  const digest = `#${createHash('sha256').update(id).digest('base64url')}`;
  return JSON.stringify({ id: digest, label });
}

/** Data that isn't ours (a rich menu's) is id and label at once; pickers answer with what was picked. */
export function choiceOf({ data, params }: z.infer<typeof wire.postback>): ChoiceReplyPart {
  const ours = ourPostback.safeParse(jsonOrNull(data));
  if (ours.success) return { kind: 'choice_reply', ...ours.data };
  const picked = ['datetime', 'date', 'time', 'newRichMenuAliasId']
    .map((name) => params?.[name])
    .find((value) => typeof value === 'string');
  return { kind: 'choice_reply', id: data, label: typeof picked === 'string' ? picked : data };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
