/** What goes down to a visitor. Everything here is named: a field that is not written below never leaves. */
import type { JsonObject } from '#domain/json.ts';
import type { Part } from '#domain/message.ts';
import type { ThreadPlace, VisitorMessageRow } from '#db/visitors.ts';

export interface VisitorMessageShape {
  id: string;
  conversationId: string;
  seq: number;
  from: 'visitor' | 'bot' | 'agent';
  /** An agent's name, as they chose it for their profile. */
  name?: string;
  /** For the visitor's own messages: the id their browser gave it. */
  clientMessageId?: string;
  parts: JsonObject[];
  deleted?: true;
  createdAt: string;
}

/** Signs a link to a stored file for a while. */
export type MediaLink = (mediaId: string) => string;

export function visitorMessage(row: VisitorMessageRow, link: MediaLink): VisitorMessageShape {
  const own = row.direction === 'in';
  const clientMessageId = own ? clientIdOf(row.providerMessageId) : undefined;
  return {
    id: row.id,
    conversationId: row.conversationId,
    seq: row.seq,
    from: own ? 'visitor' : row.authorKind === 'agent' ? 'agent' : 'bot',
    // A name that is an address is a sign-in, not a name.
    ...(!own && row.authorName && !row.authorName.includes('@') ? { name: row.authorName } : {}),
    ...(clientMessageId ? { clientMessageId } : {}),
    parts: row.deleted ? [] : row.parts.map((part) => visitorPart(part, row.missingMedia, link)),
    ...(row.deleted ? { deleted: true } : {}),
    createdAt: row.createdAt.toISOString(),
  };
}

/** Where the visitor's copy is complete up to: it stops before the first message whose sending is not over. */
export function completeUpTo(rows: readonly VisitorMessageRow[]): ThreadPlace | null {
  let place: ThreadPlace | null = null;
  let unsettledIn: string | null = null;
  for (const { conversationId, seq, unsettledSeq } of rows) {
    if (unsettledSeq !== null && unsettledSeq <= seq) break;
    if (unsettledIn !== null && unsettledIn !== conversationId) break;
    if (unsettledSeq !== null) unsettledIn = conversationId;
    place = { conversationId, seq };
  }
  return place;
}

/** `<browser>:<its id>`; the browser may be one they had before. */
function clientIdOf(providerMessageId: string | null): string | undefined {
  return /^[0-9a-f-]{36}:([0-9a-f-]{36})$/.exec(providerMessageId ?? '')?.[1];
}

function visitorPart(part: Part, missing: VisitorMessageRow['missingMedia'], link: MediaLink): JsonObject {
  switch (part.kind) {
    case 'text':
      return { kind: 'text', text: part.text };
    case 'choices':
      return {
        kind: 'choices',
        text: part.text,
        options: part.options.map(({ id, label }) => ({ id, label })),
      };
    case 'choice_reply':
      return { kind: 'choice_reply', id: part.id, label: part.label };
    case 'location':
      return { kind: 'location', lat: part.lat, lon: part.lon, ...(part.name ? { name: part.name } : {}) };
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return {
        kind: part.kind,
        mediaId: part.mediaId,
        // Without an address while the bytes are on their way, and where they never came.
        ...(missing[part.mediaId] ? { missing: missing[part.mediaId] ?? null } : { url: link(part.mediaId) }),
        mimeType: part.mimeType,
        ...(part.name ? { name: part.name } : {}),
        ...(part.sizeBytes === undefined ? {} : { sizeBytes: part.sizeBytes }),
        ...(part.caption ? { caption: part.caption } : {}),
      };
    default:
      return { kind: 'unsupported' };
  }
}
