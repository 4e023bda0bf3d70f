import type { JsonObject } from '#domain/json.ts';
import type { ChannelEvent, InboundMedia, InboundPart } from '../contract.ts';
import { jsonOf } from '../json-body.ts';
import { mediaKindOf, mimeTypeOfName } from '../media-kind.ts';
import { inboundBody, type InboundBody } from './wire.ts';

type Attachment = NonNullable<InboundBody['attachments']>[number];

/** One body is one message; what is wrong with it is said by path. */
export function parseApiBody(body: Uint8Array): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const json = jsonOf(body);
  if (json === undefined) return malformed('The body is not JSON.');
  const read = inboundBody.safeParse(json);
  if (!read.success) {
    const issue = read.error.issues[0];
    return malformed(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}`);
  }
  const { id, from, text, attachments, sentAt } = read.data;
  const parts: InboundPart[] = [
    ...(text ? [{ kind: 'text' as const, text }] : []),
    ...(attachments ?? []).map(mediaOf),
  ];
  if (parts.length === 0) return malformed('A message needs text or an attachment.');
  return [
    {
      kind: 'message',
      eventId: id,
      threadKey: '',
      contact: {
        externalId: from.id,
        name: from.name ?? undefined,
        email: from.email ?? undefined,
        phone: from.phone ?? undefined,
      },
      parts,
      providerMessageId: id,
      sentAtMs: sentAt ? Date.parse(sentAt) : undefined,
      replyAddress: { id: from.id },
    },
  ];
}

function mediaOf({ url, base64, name, mimeType }: Attachment): InboundMedia {
  const declared = mimeType || mimeTypeOfName(name ?? pathOf(url ?? '')) || 'application/octet-stream';
  const source: JsonObject = base64 ? { kind: 'inline', base64 } : { kind: 'url', url: url ?? '' };
  return {
    kind: mediaKindOf(declared),
    source,
    mimeType: declared,
    name: name ?? undefined,
    sizeBytes: base64 ? Buffer.byteLength(base64, 'base64') : undefined,
  };
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : '';
}
function malformed(message: string): { kind: 'malformed'; message: string } {
  return { kind: 'malformed', message };
}
