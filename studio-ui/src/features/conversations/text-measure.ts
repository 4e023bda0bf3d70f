/** How long what is typed is, by the channel's measure: shown when it matters. Pure. */
import type { Capabilities } from '#domain/channel.ts';
import { splitText } from '#domain/render.ts';
import { smsSegments } from '#domain/sms-segments.ts';
import { plural } from '../../lib/time.ts';

export interface TextMeasure {
  /** Null while there is nothing to say. */
  words: string | null;
  /** It costs more, or goes out in pieces. */
  isOver: boolean;
}

const NEAR = 0.8;

export function measureText(text: string, capabilities: Capabilities): TextMeasure {
  if (text === '') return { words: null, isOver: false };
  const { maxTextLength, textUnit } = capabilities;
  const used = textUnit === 'utf8' ? new TextEncoder().encode(text).length : text.length;
  const pieces = used > maxTextLength ? splitText(text, maxTextLength, textUnit).length : 1;
  if (pieces > 1) return { words: `goes out as ${pieces} messages`, isOver: true };
  if (capabilities.billedBy === 'sms_segment') {
    const { segments, encoding, remaining } = smsSegments(text);
    const alphabet = encoding === 'ucs2' ? ', Unicode' : '';
    return { words: `${plural(segments, 'segment')}${alphabet}, ${remaining} left`, isOver: segments > 1 };
  }
  if (used < maxTextLength * NEAR) return { words: null, isOver: false };
  const unit = textUnit === 'utf8' ? ' bytes' : '';
  return { words: `${used.toLocaleString()} / ${maxTextLength.toLocaleString()}${unit}`, isOver: false };
}
