import { createHash } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import { isMedia, plainText, type ChoicesPart, type ContactCardPart, type Part } from '#domain/message.ts';
import { ChannelError } from '../contract.ts';
import { templatePayload } from './template.ts';

export interface RenderSettings {
  listButton: string;
  templateLanguage: string;
}

/** The `type` of a part and what stands under it. Media are rendered in upload.ts. @throws ChannelError permanent */
export function payloadOf(part: Part, settings: RenderSettings): { type: string; content: JsonObject } {
  if (isMedia(part)) throw new ChannelError('permanent', 'The bytes of the file are not there.');
  switch (part.kind) {
    case 'location':
      return {
        type: 'location',
        content: {
          latitude: part.lat,
          longitude: part.lon,
          ...(part.name ? { name: part.name.slice(0, MAX_PLACE_LENGTH) } : {}),
        },
      };
    case 'contact_card':
      return { type: 'contacts', content: cardOf(part) };
    case 'template':
      return { type: 'template', content: templatePayload(part, settings.templateLanguage) };
    case 'choices':
      return { type: 'interactive', content: interactiveOf(part, settings.listButton) };
    default: {
      const text = plainText([part]);
      if (text.trim() === '') throw new ChannelError('permanent', 'WhatsApp takes no message without text.');
      return { type: 'text', content: { body: text, preview_url: /https?:\/\//i.test(text) } };
    }
  }
}

/** Longer names are the map's, not the message's: cut, not refused. */
const MAX_PLACE_LENGTH = 1000;

/** `contacts` is a list on the wire; kept under `list` here, so that every content is an object. */
function cardOf({ name, phones = [], emails = [] }: ContactCardPart): JsonObject {
  const formatted = name.trim() || phones[0] || emails[0];
  if (!formatted) throw new ChannelError('permanent', 'WhatsApp takes no contact card without a name.');
  return {
    list: [
      {
        name: { formatted_name: formatted, first_name: formatted },
        ...(phones.length === 0 ? {} : { phones: phones.map((phone) => ({ phone, type: 'CELL' })) }),
        ...(emails.length === 0 ? {} : { emails: emails.map((email) => ({ email, type: 'WORK' })) }),
      },
    ],
  };
}

const BUTTONS = { most: 3, labelLength: 20, bodyLength: 1024 };
const LIST = { most: 10, labelLength: 24, bodyLength: 4096, idLength: 200 };

/** Three short answers are buttons under the message; more, longer, or below a long text, a list that opens. */
function interactiveOf({ text, options }: ChoicesPart, listButton: string): JsonObject {
  const labels = options.map(({ label }) => label.trim());
  const asButtons =
    options.length <= BUTTONS.most &&
    text.length <= BUTTONS.bodyLength &&
    labels.every((label) => label.length <= BUTTONS.labelLength) &&
    new Set(labels).size === labels.length;
  if (
    options.length === 0 ||
    options.length > LIST.most ||
    text.length > LIST.bodyLength ||
    text.trim() === ''
  )
    throw new ChannelError('permanent', 'WhatsApp takes a text with one to ten choices.');
  if (labels.some((label) => label === '' || label.length > LIST.labelLength))
    throw new ChannelError('permanent', 'WhatsApp takes labels of 1 to 24 characters.');
  const rows = options.map(({ id, label }) => ({ id: choiceId(id), title: label.trim() }));
  return asButtons
    ? {
        type: 'button',
        body: { text },
        action: { buttons: rows.map((reply) => ({ type: 'reply', reply })) },
      }
    : { type: 'list', body: { text }, action: { button: listButton, sections: [{ rows }] } };
}

/** Its id, or, where WhatsApp wouldn't take it, a digest of it: the reply then names the option by this and by its label. */
export function choiceId(id: string): string {
  if (id !== '' && id.length <= LIST.idLength && id === id.trim()) return id;
  return `#${createHash('sha256').update(id).digest('base64url')}`;
}
