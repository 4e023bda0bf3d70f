/** What the phone shows of the messages TikTok holds. */
import type { Json } from '#domain/json.ts';
import type { PhoneChat, PhoneMessage } from '../../sandbox-contract.ts';
import type { Chat, Line } from './account.ts';

export function shownChat({ id, username, typingUntilMs, lines }: Chat): PhoneChat {
  const typing = typingUntilMs > Date.now();
  return { id, title: `@${username}`, kind: 'direct', blocked: false, typing, messages: lines.map(shown) };
}

function shown({ id, from, author, atMs, content, replyTo, reaction, read }: Line): PhoneMessage {
  const element = cardOf(content['template']);
  return {
    id,
    from,
    author,
    atMs,
    text: textOf(fieldOf(content['text'], 'body')) || textOf(fieldOf(element, 'title')),
    media: mediaOf(content),
    choices: buttonsOf(element),
    ...(replyTo === undefined ? {} : { replyTo }),
    reactions: reaction === undefined ? [] : [reaction],
    ...(from === 'business' ? { status: read ? ('read' as const) : ('sent' as const) } : {}),
  };
}

function mediaOf({ type, image, video, sticker }: Line['content']): PhoneMessage['media'] {
  const stored = fieldOf(image, 'media_id') ?? fieldOf(video, 'media_id');
  if (typeof stored === 'string') return [{ kind: type, url: `/sandbox/tiktok/api/sticker/${stored}` }];
  const url = fieldOf(sticker, 'url');
  return typeof url === 'string' ? [{ kind: 'sticker', url }] : [];
}

function cardOf(template: Json | undefined): Json | undefined {
  const elements = fieldOf(template, 'elements');
  return Array.isArray(elements) ? elements[0] : undefined;
}
function buttonsOf(element: Json | undefined): PhoneMessage['choices'] {
  const buttons = fieldOf(element, 'buttons');
  if (!Array.isArray(buttons)) return [];
  return buttons.map((button) => ({
    id: textOf(fieldOf(button, 'id')),
    label: textOf(fieldOf(button, 'text')),
  }));
}
function fieldOf(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value[name] : undefined;
}
function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
