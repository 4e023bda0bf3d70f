/** What the page around hears of the thread: the newest unread message, each new one of the team's, a conversation begun. */
import type { NewestMessage } from '../protocol.ts';
import type { Host } from './host.ts';
import type { ThreadMessage, ThreadPart } from './wire.ts';
import { say } from './words.svelte.ts';

const longestPreview = 280;

/** @param before the thread as it was when the stream brought this one */
export function tellNews(host: Host, message: ThreadMessage, before: readonly ThreadMessage[]): void {
  if (message.deleted || before.some(({ id }) => id === message.id)) return;
  const { conversationId } = message;
  if (message.from !== 'visitor')
    host.tell({ teloring: 'frame', kind: 'message', message: shortly(message) });
  else if (!before.some((known) => known.conversationId === conversationId))
    host.tell({ teloring: 'frame', kind: 'conversation', conversationId });
}

export function shortly(message: ThreadMessage): NewestMessage {
  const text = message.parts.map(partText).filter(Boolean).join(' ');
  return {
    id: message.id,
    from: message.from === 'agent' ? 'agent' : 'bot',
    name: message.name ?? say(message.from === 'agent' ? 'ourTeam' : 'assistant'),
    text: text.length > longestPreview ? `${text.slice(0, longestPreview)} …` : text,
    at: message.createdAt,
  };
}

function partText(part: ThreadPart): string {
  switch (part.kind) {
    case 'text':
    case 'choices':
      return part.text;
    case 'choice_reply':
      return part.label;
    case 'image':
      return part.caption ?? say('image');
    case 'audio':
      return say('audio');
    case 'video':
      return part.caption ?? say('video');
    case 'file':
      return part.name ?? say('file');
    case 'location':
      return part.name ?? say('location');
    default:
      return say('cantShow');
  }
}
