/** Places in a visitor's thread as the browser hands them back: `<conversation>:<seq>`. */
import type { ThreadPlace } from '#db/visitors.ts';
import { isUuid } from '#domain/ids.ts';

export function parsePlace(text: string): ThreadPlace | null {
  const [conversationId = '', seq = ''] = text.split(':');
  return isUuid(conversationId) && /^\d{1,15}$/.test(seq) ? { conversationId, seq: Number(seq) } : null;
}

export function placeText(place: ThreadPlace | null): string | null {
  return place && `${place.conversationId}:${place.seq}`;
}
