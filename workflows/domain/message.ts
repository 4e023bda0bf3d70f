import type { CallDirection, CallInstruction } from './call.ts';
import type { Json } from './json.ts';

/** What a message is made of; the same union inbound, outbound and on screen. */
export type MediaKind = 'image' | 'audio' | 'video' | 'file';

export interface MediaPart {
  kind: MediaKind;
  /** Our media id. Its bytes may still be on their way: see `state`. */
  mediaId: string;
  /** Filled in by the API (signed, short-lived); empty in storage. */
  url?: string;
  /** Filled in by the API while the bytes aren't there; `reason` says why they never will be. */
  state?: 'pending' | 'failed';
  reason?: string;
  mimeType: string;
  name?: string;
  sizeBytes?: number;
  caption?: string;
}
export interface TextPart {
  kind: 'text';
  text: string;
}
export interface LocationPart {
  kind: 'location';
  lat: number;
  lon: number;
  name?: string;
}
export interface ContactCardPart {
  kind: 'contact_card';
  name: string;
  phones?: string[];
  emails?: string[];
}
export interface ChoiceOption {
  id: string;
  label: string;
}
export interface ChoicesPart {
  kind: 'choices';
  text: string;
  options: ChoiceOption[];
}
export interface ChoiceReplyPart {
  kind: 'choice_reply';
  id: string;
  label: string;
}
export interface TemplatePart {
  kind: 'template';
  name: string;
  language?: string;
  params?: Json;
}
export interface CommentPart {
  kind: 'comment';
  text: string;
  commentId?: string;
  postId?: string;
  permalink?: string;
}
/**
 * What happened in a call (`CallEvent`; other channels' own words too), or, outbound, what a flow asks of it: then `event` is the
 * instruction's name.
 */
export interface CallPart {
  kind: 'call';
  event: string;
  durationSeconds?: number;
  direction?: CallDirection;
  from?: string;
  to?: string;
  /** Whoever of us did it. */
  by?: { id?: string; name?: string };
  digits?: string;
  speech?: string;
  /** Why it ended (`CallEndReason`), and the provider's or SIP's own code. */
  reason?: string;
  code?: string;
  /** The step it belongs to: an answer names the question's. */
  ref?: string;
  instruction?: CallInstruction;
}
export interface EmailAddress {
  /** In lower case. */
  address: string;
  name?: string;
}
/**
 * What an email has beside its text and files. Inbound it describes the mail; outbound it says what differs from an ordinary answer (a
 * subject of its own, more recipients). The HTML body and what was folded away stay with the kept original.
 */
export interface EmailPart {
  kind: 'email';
  subject: string;
  from?: EmailAddress;
  to?: EmailAddress[];
  cc?: EmailAddress[];
  bcc?: EmailAddress[];
  /** The original has an HTML body. */
  html?: true;
  /** The original says more than the text part: quoted mail, a signature. */
  folded?: true;
  /** Whether the sender is who it says, as the receiving side saw it; the words are those of Authentication-Results. */
  authentication?: { verdict: 'pass' | 'fail' | 'none'; spf?: string; dkim?: string; dmarc?: string };
  /** Written by a machine: people see it, flows don't answer it. */
  automatic?: 'auto_reply' | 'bounce' | 'list' | 'own';
}
/** Something the provider sent that we can't show yet: never dropped, never a crash. */
export interface UnsupportedPart {
  kind: 'unsupported';
  what: string;
}

export type Part =
  | TextPart
  | MediaPart
  | LocationPart
  | ContactCardPart
  | ChoicesPart
  | ChoiceReplyPart
  | TemplatePart
  | CommentPart
  | CallPart
  | EmailPart
  | UnsupportedPart;

export type MessageDirection = 'in' | 'out' | 'internal';
export type AuthorKind = 'contact' | 'agent' | 'bot' | 'system';
export type MessageStatus =
  'received' | 'planned' | 'sending' | 'parked' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown';

/** Why a send failed, in our word (`kind`) and the provider's own (`message`, `providerCode`). */
export interface MessageError {
  kind: string;
  message: string;
  providerCode?: string;
}

export function isMedia(part: Part): part is MediaPart {
  return part.kind === 'image' || part.kind === 'audio' || part.kind === 'video' || part.kind === 'file';
}

/** Plain rendering of one part; what search, previews, conditions and text-only channels use. */
export function partText(part: Part): string {
  switch (part.kind) {
    case 'text':
    case 'comment':
      return part.text;
    case 'choices':
      return part.text;
    case 'choice_reply':
      return part.label;
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return part.caption ?? '';
    case 'location':
      return part.name ?? `${part.lat}, ${part.lon}`;
    case 'contact_card':
      return part.name;
    case 'template':
      return part.name;
    case 'call':
      return callText(part);
    case 'email':
    case 'unsupported':
      return '';
  }
}

/** What was said or pressed; else the event's name in words. */
function callText({ event, digits, speech, instruction }: CallPart): string {
  if (instruction !== undefined && 'text' in instruction && instruction.text !== '') return instruction.text;
  return digits || speech || event.replaceAll('_', ' ');
}

/** Plain rendering of a message: its parts' texts joined by newlines, empty ones left out. */
export function plainText(parts: readonly Part[]): string {
  return parts
    .map(partText)
    .filter((text) => text !== '')
    .join('\n');
}

const order: Partial<Record<MessageStatus, number>> = { sent: 1, delivered: 2, read: 3 };

/**
 * Whether a provider status may replace the stored one. Monotonic: sent < delivered < read; `failed` replaces anything not
 * yet delivered and is itself replaced by a later delivery (multi-device); an acknowledgement settles planned, sending and unknown.
 */
export function statusAdvances(from: MessageStatus, to: 'sent' | 'delivered' | 'read' | 'failed'): boolean {
  if (from === to || from === 'received') return false;
  if (to === 'failed') return from !== 'delivered' && from !== 'read';
  if (from === 'failed') return to !== 'sent';
  return (order[to] ?? 0) > (order[from] ?? 0);
}
