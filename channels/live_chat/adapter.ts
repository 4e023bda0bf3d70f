import type { JsonObject } from '#domain/json.ts';
import {
  ChannelError,
  type AdapterInbox,
  type ChannelAdapter,
  type InboundMessageEvent,
  type InboundPart,
  type MediaBytes,
  type RawRequest,
} from '../contract.ts';
import { attachmentBytes } from '../email/attachment-bytes.ts';
import { liveChatDefinition, type LiveChatCredentials } from './definition.ts';
import { receiptEvents } from './receipts.ts';
import { uploadOf } from './upload-types.ts';
import { bearerToken, contactOf, readVisitorToken, type VisitorSession } from './visitor-token.ts';
import { receiptSchema, uploadKey, visitorMessageSchema, type VisitorMessage } from './wire.ts';

export interface LiveChatAdapterDeps {
  /** Keys of visitor sessions, the signing one first. Without them nobody gets in: senders don't need them. */
  visitorKeys?: readonly Uint8Array[];
  /** Where visitors' uploads wait. */
  uploads?: { get(key: string): Promise<Uint8Array | null> };
  /** Shows a visitor that somebody of the team types. */
  tellTyping?: (visitor: {
    workspaceId: string;
    inboxId: string;
    contactExternalId: string;
  }) => Promise<void>;
}

/** The Live Chat adapter: "the provider" is our own visitor endpoint (api/routes/live-chat.ts) and our own rows. */
export function createLiveChatAdapter(deps: LiveChatAdapterDeps): ChannelAdapter<LiveChatCredentials> {
  const sessionOf = (inbox: AdapterInbox<LiveChatCredentials>, request: RawRequest): VisitorSession | null =>
    readVisitorToken(
      deps.visitorKeys ?? [],
      bearerToken(request.headers['authorization']),
      inbox.id,
      request.receivedAtMs,
    );

  return {
    definition: liveChatDefinition,
    // A message is shown by its id, so a second "send" shows nothing twice.
    resend: () => 'safe',
    verify: (inbox, request) =>
      sessionOf(inbox, request)
        ? { kind: 'ok' }
        : {
            kind: 'reject',
            status: 401,
            code: 'visitor_session_invalid',
            message: 'This chat session is not valid here or is over. Ask for a new one; nothing was stored.',
          },
    parse(inbox, request) {
      const session = sessionOf(inbox, request);
      const body = jsonOf(request.body);
      if (!session || body === undefined) return { kind: 'malformed', message: 'The body is not JSON.' };
      const receipt = receiptSchema.safeParse(body);
      if (receipt.success)
        return receiptEvents(receipt.data.receipt, contactOf(session), request.receivedAtMs);
      const parsed = visitorMessageSchema.safeParse(body);
      if (!parsed.success) {
        return {
          kind: 'malformed',
          message: 'Send {clientMessageId: <uuid>} with a text, a choice {id, label} or a mediaId.',
        };
      }
      const part = partOf(parsed.data, session);
      if (!part)
        return {
          kind: 'malformed',
          message: 'mediaId is not one that an upload to this inbox answered with.',
        };
      return [messageEvent(parsed.data.clientMessageId, session, part, request.receivedAtMs)];
    },
    // Delivery is the visitor's stream reading our own row; its id is the row's.
    send: async (_inbox, message) => ({ providerMessageId: message.id }),
    connect: async (inbox) => ({
      accountKey: inbox.id,
      accountLabel: inbox.credentials.allowedOrigins[0] ?? 'No website yet',
      credentials: inbox.credentials,
      warnings:
        inbox.credentials.allowedOrigins.length > 0
          ? []
          : [
              'No website may show this chat yet. Add its address, such as https://www.example.com, to the allowed websites.',
            ],
    }),
    disconnect: async () => {},
    probe: async (inbox) => {
      const { allowedOrigins } = inbox.credentials;
      const nowhere = allowedOrigins.length === 0;
      return {
        inbound: nowhere ? { state: 'failing', reason: 'No website may show this chat.' } : { state: 'ok' },
        outbound: { state: 'ok' },
        facts: { allowedOrigins },
      };
    },
    // An answer by email brings its files in the kept mail.
    fetchMedia: (inbox, source, options) =>
      'original' in source
        ? attachmentBytes(deps, inbox.workspaceId, source, options.maxBytes)
        : fetchUpload(deps, source, options.maxBytes),
    // That we have read is told from the rows: every member's place in the conversation is one.
    signal: async (inbox, kind, { contactExternalId }) => {
      const { id: inboxId, workspaceId } = inbox;
      if (kind === 'typing') await deps.tellTyping?.({ workspaceId, inboxId, contactExternalId });
    },
  };
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function partOf(message: VisitorMessage, session: VisitorSession): InboundPart | null {
  if ('text' in message) return { kind: 'text', text: message.text };
  if ('choice' in message)
    return { kind: 'choice_reply', id: message.choice.id, label: message.choice.label };
  const upload = uploadOf(message.mediaId);
  if (upload === null) return null;
  const name = message.name?.trim() || upload.kind;
  const source: JsonObject = {
    uploadKey: uploadKey(session.inboxId, session.visitorId, message.mediaId),
    mimeType: upload.mimeType,
    name,
  };
  return { ...upload, source, name, ...(message.caption ? { caption: message.caption } : {}) };
}

function messageEvent(
  clientMessageId: string,
  session: VisitorSession,
  part: InboundPart,
  receivedAtMs: number,
): InboundMessageEvent {
  // Scoped by browser: nobody can take an id away from somebody else, and signing in between two tries makes no second message.
  const id = `${session.visitorId}:${clientMessageId.toLowerCase()}`;
  return {
    kind: 'message',
    eventId: id,
    providerMessageId: id,
    threadKey: '',
    contact: { externalId: contactOf(session) },
    parts: [part],
    sentAtMs: receivedAtMs,
    replyAddress: {},
  };
}

async function fetchUpload(
  deps: LiveChatAdapterDeps,
  source: JsonObject,
  maxBytes: number,
): Promise<MediaBytes> {
  const { uploadKey: key, mimeType, name } = source;
  const bytes = typeof key === 'string' ? await deps.uploads?.get(key) : null;
  if (!bytes || typeof mimeType !== 'string')
    throw new ChannelError('permanent', 'The upload is no longer there.');
  if (bytes.length > maxBytes)
    throw new ChannelError('permanent', `The upload has more than ${maxBytes} bytes.`);
  return { bytes, mimeType, ...(typeof name === 'string' ? { name } : {}) };
}
