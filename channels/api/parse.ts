import type { z } from 'zod';
import type { Json, JsonObject } from '#domain/json.ts';
import type { ChannelEvent, InboundMedia, InboundPart } from '../contract.ts';
import { jsonOf } from '../json-body.ts';
import { mediaKindOf, mimeTypeOfName } from '../media-kind.ts';
import { inboundBody, statusBody, type InboundBody } from './wire.ts';

type Attachment = NonNullable<InboundBody['attachments']>[number];

type Malformed = { kind: 'malformed'; message: string };

/** One body is one message, or one status of a message of ours; what is wrong with it is said by path. */
export function parseApiBody(body: Uint8Array): ChannelEvent[] | Malformed {
  const json = jsonOf(body);
  if (json === undefined) return malformed('The body is not JSON.');
  const isStatus = json !== null && typeof json === 'object' && 'status' in json && !('from' in json);
  return isStatus ? readStatus(json) : readMessage(json);
}

function readMessage(json: Json): ChannelEvent[] | Malformed {
  const read = inboundBody.safeParse(json);
  if (!read.success) return whatIsWrong(read.error);
  const { id, from, text, choice, attachments, inReplyTo, sentAt } = read.data;
  const parts: InboundPart[] = [
    ...(choice ? [{ kind: 'choice_reply' as const, id: choice.id, label: choice.label ?? choice.id }] : []),
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
      inReplyTo: inReplyTo ?? undefined,
      sentAtMs: sentAt ? Date.parse(sentAt) : undefined,
      replyAddress: { id: from.id },
    },
  ];
}

function readStatus(json: Json): ChannelEvent[] | Malformed {
  const read = statusBody.safeParse(json);
  if (!read.success) return whatIsWrong(read.error);
  const { messageId, eventId, status, error, at } = read.data.status;
  // Without an id in the callback's answer, the callback's eventId is the message's id.
  const providerMessageId = messageId ?? eventId ?? '';
  return [
    {
      kind: 'status',
      eventId: `status:${providerMessageId}:${status}`,
      providerMessageId,
      status,
      key: eventId ?? undefined,
      ...(status === 'failed'
        ? {
            error: {
              kind: 'permanent' as const,
              message: error?.message || 'The receiver said that it failed.',
              providerCode: error?.code ?? undefined,
            },
          }
        : {}),
      atMs: at ? Date.parse(at) : undefined,
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
function whatIsWrong(error: z.ZodError): Malformed {
  const issue = error.issues[0];
  return malformed(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}`);
}
function malformed(message: string): Malformed {
  return { kind: 'malformed', message };
}
