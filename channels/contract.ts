/**
 * What a channel is: a *definition* (browser-safe facts) and an *adapter* (its wire). Everything a provider does differently lives
 * behind this interface, in that channel's folder.
 */
import type { z } from 'zod';
import type { Capabilities, ChannelType, SendFailureKind } from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { MediaKind, Part } from '#domain/message.ts';

/** Browser-safe: titles, forms, capabilities. `secretFields` of credentials never leave the server. */
export interface ChannelDefinition<Credentials extends JsonObject = JsonObject> {
  type: ChannelType;
  title: string;
  description: string;
  /** Validates what an admin enters. Unknown fields are dropped. */
  credentials: z.ZodType<Credentials>;
  /** Keys of `credentials` that are secret (write-only for every client). */
  secretFields: readonly (keyof Credentials & string)[];
  /** Validates `inbox.settings`: what is not secret and may be edited later. */
  settings: z.ZodType<JsonObject>;
  capabilities: Capabilities;
  /** Whether the provider must reach us from the internet (a public https PUBLIC_URL). */
  needsPublicUrl: boolean;
  /** Its events come in by routes of its own, never by /webhooks. */
  ownIngress?: true;
  /** Whether a sandbox (a double of the provider) can stand in. */
  hasSandbox: boolean;
  /**
   * The provider's base URLs by name. Resolved per inbox: an explicit `env` wins, else the sandbox's path below our own address
   * for sandbox inboxes, else `real`. May carry a path: append, never resolve against the root.
   */
  providerUrls: Readonly<Record<string, { env: string; real: string; sandboxPath: string }>>;
}

/** An inbox as an adapter sees it: credentials decrypted, base URLs resolved for sandbox or real. */
export interface AdapterInbox<Credentials extends JsonObject = JsonObject> {
  id: string;
  workspaceId: string;
  type: ChannelType;
  name: string;
  accountKey: string;
  sandbox: boolean;
  credentials: Credentials;
  settings: JsonObject;
  /** `definition.providerUrls`, resolved for this inbox. */
  urls: Readonly<Record<string, string>>;
}

/** A request as it came. Header names are lower case; `body` is raw. */
export interface RawRequest {
  method: string;
  /** Full URL built from PUBLIC_URL, never from the Host header. */
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  /** When it arrived, Unix milliseconds. */
  receivedAtMs: number;
}

export type Verdict =
  | { kind: 'ok' }
  /** A handshake: answer this, store nothing. */
  | { kind: 'respond'; status: number; body: string; contentType?: string }
  | { kind: 'reject'; status: 400 | 401 | 403; code: string; message: string };

/** A media part on its way in: `source` is the adapter's own reference, handed back to `fetchMedia`. */
export interface InboundMedia {
  kind: MediaKind;
  source: JsonObject;
  mimeType: string;
  name?: string;
  sizeBytes?: number;
  caption?: string;
}
export type InboundPart = Exclude<Part, { kind: MediaKind }> | InboundMedia;

export interface InboundContact {
  externalId: string;
  name?: string;
  email?: string;
  phone?: string;
  avatarUrl?: string;
}

interface EventBase {
  /** The provider's id of this event, or one derived from it: the same on every delivery. */
  eventId: string;
}
export interface InboundMessageEvent extends EventBase {
  kind: 'message';
  /** '' for one-to-one chats; post, thread, call or group id otherwise. */
  threadKey: string;
  contact: InboundContact;
  parts: InboundPart[];
  /** Contains the provider's message id verbatim. */
  providerMessageId: string;
  /** Provider id of the message this one quotes. */
  inReplyTo?: string;
  /** The provider's time, Unix milliseconds. */
  sentAtMs?: number;
  /** Where an answer goes: stored on the conversation, handed back to `send`. */
  replyAddress: JsonObject;
  /** Handed back to `acknowledge` once the message is stored (Telegram's answerCallbackQuery). */
  acknowledge?: JsonObject;
}
export interface DeliveryStatusEvent extends EventBase {
  kind: 'status';
  providerMessageId: string;
  status: 'sent' | 'delivered' | 'read' | 'failed';
  error?: { kind: SendFailureKind; message: string; providerCode?: string };
  atMs?: number;
}
export interface EditEvent extends EventBase {
  kind: 'edit';
  providerMessageId: string;
  parts: InboundPart[];
  atMs?: number;
}
export interface DeleteEvent extends EventBase {
  kind: 'delete';
  providerMessageId: string;
  atMs?: number;
}
export interface ReactionEvent extends EventBase {
  kind: 'reaction';
  threadKey: string;
  contact: InboundContact;
  providerMessageId: string;
  /** '' takes the reaction back. */
  emoji: string;
}
/** Something about the contact: renamed, blocked us, came back. An activity, not a message. */
export interface ContactEvent extends EventBase {
  kind: 'contact';
  threadKey: string;
  contact: InboundContact;
  change: 'blocked' | 'unblocked' | 'updated';
}
export type ChannelEvent =
  InboundMessageEvent | DeliveryStatusEvent | EditEvent | DeleteEvent | ReactionEvent | ContactEvent;

/** One provider call's worth of message (see `#domain/render.ts`, which splits and degrades by capabilities). */
export interface OutboundMessage {
  /** Our message id. */
  id: string;
  conversationId: string;
  contactExternalId: string;
  threadKey: string;
  replyAddress: JsonObject;
  parts: Part[];
  /** Provider id of the message to quote. */
  inReplyTo?: string;
}
export interface SendOptions {
  /** The outbox row's id: the same on every attempt. Given to providers that know idempotency keys. */
  key: string;
  /** Aborts when the call's time is over. */
  signal: AbortSignal;
  /** Opens the bytes of a media part. */
  media(mediaId: string): Promise<MediaBytes>;
  /** A signed, absolute URL of a media part, for channels that hand out links instead of bytes. */
  mediaUrl?(mediaId: string): Promise<string>;
}
export interface MediaBytes {
  bytes: Uint8Array;
  mimeType: string;
  name?: string;
}
/** The provider's acceptance. Never made up: without an id in the answer the channel documents what stands for it. */
export interface Sent {
  providerMessageId: string;
}

/** Thrown by adapters. `message` carries the provider's own words, never a secret or a URL with one. */
export class ChannelError extends Error {
  override name = 'ChannelError';
  readonly kind: SendFailureKind;
  readonly retryAfterMs: number | undefined;
  readonly providerCode: string | undefined;
  constructor(
    kind: SendFailureKind,
    message: string,
    options: { retryAfterMs?: number; providerCode?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.providerCode = options.providerCode;
  }
}

/** What `connect` learned: who the account is, and credentials completed by us (a webhook secret we made). */
export interface Connected<Credentials> {
  accountKey: string;
  accountLabel: string;
  credentials: Credentials;
  /** Shown once to the admin (an API inbox's secret). */
  reveal?: Record<string, string>;
  /** Said to the admin, not fatal: "PUBLIC_URL can't be reached from the internet". */
  warnings: string[];
}
export interface ProbeResult {
  inbound: { state: 'ok' | 'degraded' | 'failing' | 'unknown'; reason?: string };
  outbound: { state: 'ok' | 'degraded' | 'failing' | 'unknown'; reason?: string };
  /** Evidence for Diagnostics: facts in the provider's words, no secrets. */
  facts: Record<string, Json>;
}

export interface ChannelAdapter<Credentials extends JsonObject = JsonObject> {
  definition: ChannelDefinition<Credentials>;
  /** May an unconfirmed send be repeated with the same key? */
  resend(inbox: AdapterInbox<Credentials>): 'safe' | 'unsafe';
  /** Pure on bytes and headers; constant-time. Never throws. */
  verify(inbox: AdapterInbox<Credentials>, request: RawRequest): Verdict;
  /**
   * Pure on bytes. Called after `verify` said ok. Never throws for one odd event: that one becomes an `unsupported` part and its
   * siblings stay. A body that is no event at all is `{ kind: 'malformed' }`.
   */
  parse(
    inbox: AdapterInbox<Credentials>,
    request: RawRequest,
  ): ChannelEvent[] | { kind: 'malformed'; message: string };
  /** @throws ChannelError */
  send(inbox: AdapterInbox<Credentials>, message: OutboundMessage, options: SendOptions): Promise<Sent>;
  /**
   * The account that credentials alone name, where they do: so that connecting it twice is refused before `connect` takes its
   * webhook away from the inbox that has it.
   */
  accountKeyOf?(credentials: Credentials): string;
  /** Validates credentials with the provider, registers the webhook. @throws ChannelError with the provider's words. */
  connect(
    inbox: AdapterInbox<Credentials>,
    webhookUrl: string,
    signal: AbortSignal,
  ): Promise<Connected<Credentials>>;
  /** Undoes `connect` at the provider. Idempotent. */
  disconnect(inbox: AdapterInbox<Credentials>, signal: AbortSignal): Promise<void>;
  probe(inbox: AdapterInbox<Credentials>, webhookUrl: string, signal: AbortSignal): Promise<ProbeResult>;
  /** Fetches what `InboundMedia.source` names, up to `maxBytes`. @throws ChannelError */
  fetchMedia?(
    inbox: AdapterInbox<Credentials>,
    source: JsonObject,
    options: { signal: AbortSignal; maxBytes: number },
  ): Promise<MediaBytes>;
  /** Best effort, once the message is stored. @throws ChannelError */
  acknowledge?(inbox: AdapterInbox<Credentials>, reference: JsonObject, signal: AbortSignal): Promise<void>;
  /** HTTP answer to an accepted webhook; default 200 `{}`. */
  accepted?(results: { eventId: string; duplicate: boolean }[]): { status: number; body: Json };
}
