/** What the phone shows of the messages LINE holds. */
import type { Json, JsonObject } from '#domain/json.ts';
import type { PhoneChat, PhoneMessage } from '../../sandbox-contract.ts';
import type { Chat, Line } from './account.ts';

export function shownChat({ id, title, kind, blocked, loadingUntilMs, lines }: Chat): PhoneChat {
  return { id, title, kind, blocked, typing: loadingUntilMs > Date.now(), messages: lines.map(shown) };
}

function shown({ id, from, author, atMs, message, edited, deleted }: Line): PhoneMessage {
  const { type, text, quotedMessageId } = message;
  return {
    id,
    from,
    author,
    atMs,
    text: deleted ? '' : textOf(text),
    media: deleted ? [] : mediaOf(id, message),
    choices: choicesOf(message),
    ...(typeof quotedMessageId === 'string' ? { replyTo: quotedMessageId } : {}),
    reactions: [],
    ...(edited ? { edited } : {}),
    ...(deleted ? { deleted } : {}),
    ...(type === 'location' ? { note: `Place: ${placeOf(message)}` } : {}),
  };
}

/** What we sent is where we said; what the person sent is here. */
function mediaOf(id: string, message: JsonObject): PhoneMessage['media'] {
  const { type, originalContentUrl, fileName } = message;
  if (type === 'sticker')
    return [
      { kind: 'sticker', url: `/sandbox/line/stickers/stickershop/v1/sticker/1988/android/sticker.png` },
    ];
  if (type !== 'image' && type !== 'video' && type !== 'audio' && type !== 'file') return [];
  const url = typeof originalContentUrl === 'string' ? originalContentUrl : `/sandbox/line/phone/${id}`;
  return [{ kind: type, url, ...(typeof fileName === 'string' ? { name: fileName } : {}) }];
}

function choicesOf(message: JsonObject): PhoneMessage['choices'] {
  const items = fieldOf(message['quickReply'], 'items');
  if (!Array.isArray(items)) return [];
  return items.map((item) => {
    const action = fieldOf(item, 'action');
    return { id: textOf(fieldOf(action, 'data')), label: textOf(fieldOf(action, 'label')) };
  });
}

function placeOf({ title, address, latitude, longitude }: JsonObject): string {
  const words = [title, address].map(textOf).filter((text) => text !== '');
  return [...words, JSON.stringify([latitude, longitude])].join(', ');
}
function fieldOf(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value[name] : undefined;
}
function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
