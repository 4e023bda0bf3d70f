import { createHash } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import { plainText, type ChoicesPart, type Part } from '#domain/message.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';

const MAX_IMAGE_BYTES = 3 * 1024 * 1024;

/** Whether TikTok takes these bytes as a picture. */
export function isPicture({ bytes, mimeType }: MediaBytes): boolean {
  return /^image\/(jpeg|jpg|png)$/.test(mimeType) && bytes.byteLength <= MAX_IMAGE_BYTES;
}

/** The fields that carry a part other than media. @throws ChannelError permanent */
export function renderPart(part: Part, inReplyTo: string | undefined): JsonObject {
  if (part.kind === 'template')
    throw new ChannelError('permanent', 'TikTok has no templates of ours to send.');
  const card = part.kind === 'choices' ? cardOf(part) : null;
  if (card) return { message_type: 'TEMPLATE', template: card };
  const text = part.kind === 'choices' ? listOf(part) : plainText([part]);
  return textFields(text, inReplyTo);
}

/** Only texts can quote. @throws ChannelError permanent */
export function textFields(text: string, inReplyTo: string | undefined): JsonObject {
  if (text.trim() === '') throw new ChannelError('permanent', 'TikTok takes no message without text.');
  return {
    message_type: 'TEXT',
    text: { body: text },
    ...(inReplyTo === undefined ? {} : { referenced_message_info: { referenced_message_id: inReplyTo } }),
  };
}

const MAX_QUESTION_LENGTH = 40;
const MAX_ID_LENGTH = 40;

/** Buttons hang on a question of at most 40 characters; a longer one is asked as a text with a list, for nothing may be cut. */
function cardOf({ text, options }: ChoicesPart): JsonObject | null {
  const question = text.trim();
  if (question === '' || question.length > MAX_QUESTION_LENGTH) return null;
  const buttons = options.map(({ id, label }) => ({ type: 'REPLY', title: label, id: buttonId(id) }));
  return { type: 'QA_BUTTON_CARD', title: question, buttons };
}

/** What a button carries for an option: its id or, where TikTok's 40 characters don't hold it, a digest of it. */
export function buttonId(optionId: string): string {
  if (optionId !== '' && optionId.length <= MAX_ID_LENGTH) return optionId;
  return `#${createHash('sha256')
    .update(optionId)
    .digest('hex')
    .slice(0, MAX_ID_LENGTH - 1)}`;
}

function listOf({ text, options }: ChoicesPart): string {
  return [text, ...options.map(({ label }, index) => `${index + 1}. ${label}`)].join('\n');
}
