/** What a channel can't carry is degraded here, in one place, and cut into units: each is one provider call. */
import type { Capabilities } from './channel.ts';
import { assertNever } from './json.ts';
import type { ChoicesPart, ContactCardPart, LocationPart, MediaPart, Part } from './message.ts';

/** A link to a media's bytes that a contact may open, or null where there is none. */
export type MediaLink = (mediaId: string) => string | null;

/**
 * The provider calls a message becomes, in order; deterministic. Every unit holds what the capabilities allow: one part, or all where
 * a message may have several. Nothing the
 * contact should read is left out; empty texts are.
 */
export function planUnits(
  parts: readonly Part[],
  capabilities: Capabilities,
  link: MediaLink = () => null,
): Part[][] {
  const degraded = parts.flatMap((part) => degrade(part, capabilities, link));
  if (capabilities.severalParts) return degraded.length === 0 ? [] : [degraded];
  return degraded.map((part) => [part]);
}

function degrade(part: Part, capabilities: Capabilities, link: MediaLink): Part[] {
  switch (part.kind) {
    case 'text':
    case 'comment':
      return texts(part.text, capabilities);
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return media(part, capabilities, link);
    case 'choices':
      return choices(part, capabilities);
    case 'choice_reply':
      return texts(part.label, capabilities);
    case 'location':
      return capabilities.location ? [part] : texts(locationText(part), capabilities);
    case 'contact_card':
      return capabilities.contactCard ? [part] : texts(cardText(part), capabilities);
    case 'template':
      return [part];
    case 'email':
      return capabilities.email ? [part] : [];
    case 'call':
    case 'unsupported':
      return [];
    default:
      return assertNever(part);
  }
}

function texts(text: string, capabilities: Capabilities): Part[] {
  return pieces(text, capabilities).map((piece) => ({ kind: 'text', text: piece }));
}

function pieces(text: string, { maxTextLength, textUnit }: Capabilities): string[] {
  return splitText(text, maxTextLength, textUnit);
}

function media(part: MediaPart, capabilities: Capabilities, link: MediaLink): Part[] {
  const caption = part.caption ?? '';
  if (!capabilities[part.kind]) {
    const url = part.url || link(part.mediaId);
    const line = [part.name ?? part.kind, url].filter(Boolean).join(': ');
    return texts([caption, line].filter(Boolean).join('\n'), capabilities);
  }
  if (caption === '' || caption.length <= capabilities.maxCaptionLength) return [part];
  const { caption: _tooLong, ...bare } = part;
  return [bare, ...texts(caption, capabilities)];
}

function choices(part: ChoicesPart, capabilities: Capabilities): Part[] {
  const { text, options } = part;
  if (options.length === 0) return texts(text, capabilities);
  const limits = capabilities.choices;
  // Buttons need something to hang on.
  const fits =
    text.trim() !== '' &&
    limits !== null &&
    options.length <= limits.max &&
    options.every(({ label }) => label.length <= limits.maxLabelLength);
  if (!fits) {
    const list = options.map(({ label }, index) => `${index + 1}. ${label}`).join('\n');
    return texts(text === '' ? list : `${text}\n${list}`, capabilities);
  }
  // The buttons hang on the last piece of a question that is too long.
  const before = pieces(text, capabilities);
  const last = before.pop() ?? '';
  return [...before.map((piece): Part => ({ kind: 'text', text: piece })), { ...part, text: last }];
}

function locationText({ name, lat, lon }: LocationPart): string {
  const map = `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=16/${lat}/${lon}`;
  return [name, `${lat}, ${lon}`, map].filter(Boolean).join('\n');
}
function cardText({ name, phones = [], emails = [] }: ContactCardPart): string {
  return [name, ...phones, ...emails].filter((line) => line !== '').join('\n');
}

/**
 * Pieces of at most `maxLength` UTF-16 units or bytes of UTF-8, cut at a paragraph, else a line, else a word, else between two code
 * points (a single code point may exceed an absurdly small limit). Only white space at the cuts is lost.
 */
export function splitText(text: string, maxLength: number, unit: 'utf16' | 'utf8' = 'utf16'): string[] {
  const limit = maxLength >= 1 ? Math.floor(maxLength) : 1;
  const found: string[] = [];
  let rest = text;
  for (;;) {
    const max = unit === 'utf8' ? unitsWithin(rest, limit) : limit;
    if (rest.length <= max) break;
    const end = cutAt(rest, max);
    const piece = rest.slice(0, end).trimEnd();
    if (piece !== '') found.push(piece);
    rest = rest.slice(end).trimStart();
  }
  if (rest !== '') found.push(rest);
  return found;
}

/** How many UTF-16 units of a text fit into so many bytes of UTF-8, in whole code points; the first one always. */
function unitsWithin(text: string, maxBytes: number): number {
  let bytes = 0;
  let units = 0;
  for (const point of text) {
    const code = point.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > maxBytes && units > 0) return units;
    units += point.length;
  }
  return units;
}

/** Where to cut a text longer than `max`: always > 0. Paragraphs and lines only where they leave a piece worth sending. */
function cutAt(text: string, max: number): number {
  const head = text.slice(0, max + 1);
  for (const breakText of ['\n\n', '\n']) {
    const at = head.lastIndexOf(breakText);
    if (at > max / 3) return at;
  }
  for (let at = max; at > 0; at--) if (/\s/u.test(head[at] ?? '')) return at;
  const last = text.charCodeAt(max - 1);
  const insidePair = last >= 0xd800 && last <= 0xdbff;
  return insidePair ? (max > 1 ? max - 1 : 2) : max;
}
