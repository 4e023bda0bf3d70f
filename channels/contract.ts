/**
 * What a channel is: a *definition* (browser-safe facts) and an *adapter* (its wire). Everything a provider does differently lives
 * behind this interface, in that channel's folder.
 */
import type { z } from 'zod';
import type {
  Capabilities,
  ChannelType,
  CommentAction,
  HealthState,
  ProviderApps,
  ProviderApp,
  Reports,
  SendFailureKind,
} from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { MediaKind, Part } from '#domain/message.ts';

/** Of a union, every member's keys. */
type KeyOf<Fields> = Fields extends unknown ? keyof Fields & string : never;

/** Browser-safe: titles, forms, capabilities. `secretFields` of credentials never leave the server. */
export interface ChannelDefinition<Credentials extends JsonObject = JsonObject> {
  type: ChannelType;
  title: string;
  description: string;
  /**
   * Validates what an admin enters. Unknown fields are dropped. Forms are made from it: `.meta({ title, description, examples })`
   * words a field, `options` its choices, and `readOnly` marks what `connect` fills in and nobody is asked for.
   */
  credentials: z.ZodType<Credentials>;
  /** Keys of `credentials` that are secret (write-only for every client); of a nested group as `group.key`. */
  secretFields: readonly (KeyOf<Credentials> | `${KeyOf<Credentials>}.${string}`)[];
  /** Validates `inbox.settings`: what is not secret and may be edited later. */
  settings: z.ZodType<JsonObject>;
  capabilities: Capabilities;
  /** Where `capabilities.startsConversations`: what is entered of whom to write to → the contact's external id, worded for people. */
  contactAddress?: { schema: z.ZodType<string>; is: 'email' | 'phone' };
  /** What the provider tells us beside messages; the contract suite holds the samples against it. */
  reports: Reports;
  /** What an agent may do with a comment; absent on channels without comments. */
  actions?: readonly CommentAction[];
  /** Where its webhooks come in; absent = `/webhooks/<type>/<inbox id>`. */
  webhook?: WebhookPlace;
  /** Whether the provider must reach us from the internet (a public https PUBLIC_URL). */
  needsPublicUrl: boolean;
  /** Its events come in by routes of its own, never by /webhooks. */
  ownIngress?: true;
  /** Whether a sandbox (a double of the provider) can stand in. */
  hasSandbox: boolean;
  /** Where a sandbox stands in for some kinds of its accounts only: whether for this one. */
  sandboxFor?(credentials: Credentials): boolean;
  /** Made-up credentials that the double takes; twelve `digits` tell one made-up account from another. */
  sandboxCredentials?: (digits: string) => Credentials;
  /**
   * The provider's base URLs by name. Resolved per inbox: an explicit `env` wins, else the sandbox's path below our own address
   * for sandbox inboxes, else `real`. May carry a path: append, never resolve against the root.
   */
  providerUrls: Readonly<Record<string, { env: string; real: string; sandboxPath: string }>>;
}

/**
 * `segment`: `/webhooks/<segment>/<inbox id>[/<one of paths>]`. `app`: the provider has one webhook for all accounts,
 * `/webhooks/<app>`, and an `AppWebhook` splits what comes in.
 */
export type WebhookPlace =
  { kind: 'inbox'; segment: string; paths?: readonly string[] } | { kind: 'app'; app: AppWebhookName };

export type AppWebhookName = 'meta' | 'tiktok';

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
  /** The deployment's apps at the providers, the sandbox's for sandbox inboxes. */
  apps: ProviderApps;
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
  /**
   * Other ids the same person is or was known by in this inbox: a contact known by one of them gets `externalId` from now on
   * (WhatsApp's phone numbers and business-scoped ids). In contact events the ids before come last, and also lead to a contact that was
   * known by them; elsewhere only to one whose id it still is, since numbers change hands.
   */
  aliases?: string[];
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
  /** Who wrote it, where that isn't the contact: somebody else in the contact's thread. */
  author?: { externalId: string; name?: string };
  parts: InboundPart[];
  /** Contains the provider's message id verbatim. */
  providerMessageId: string;
  /** Provider id of the message this one quotes. */
  inReplyTo?: string;
  /** The provider's time, Unix milliseconds. */
  sentAtMs?: number;
  /** Where an answer goes: stored on the conversation, handed back to `send`. */
  replyAddress: JsonObject;
  /** The provider's handles of this message beside its id (LINE's quote and read tokens): handed back where it is quoted or marked read. */
  reference?: JsonObject;
  /** Another app at the provider owns the thread: people see the message, flows don't. */
  automation?: 'off';
  /** Handed back to `acknowledge` once the message is stored (Telegram's answerCallbackQuery). */
  acknowledge?: JsonObject;
}
export interface DeliveryStatusEvent extends EventBase {
  kind: 'status';
  providerMessageId: string;
  status: 'sent' | 'delivered' | 'read' | 'failed';
  /** `SendOptions.key` of the message, where the provider repeats it: finds a message whose send has not been answered yet. */
  key?: string;
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
/**
 * Our account has sent something: we did (then it reconciles with the outbox), or a person did in the provider's own app (then it is
 * shown as an agent's message, and a person owns the conversation).
 */
export interface EchoEvent extends EventBase {
  kind: 'echo';
  threadKey: string;
  /** To whom it went. */
  contact: InboundContact;
  parts: InboundPart[];
  providerMessageId: string;
  /** `SendOptions.key`, where the provider repeats it. */
  key?: string;
  inReplyTo?: string;
  sentAtMs?: number;
  replyAddress: JsonObject;
}
/** Everything we sent in this conversation up to `untilMs` was delivered or read (Messenger and TikTok name no message). */
export interface WatermarkEvent extends EventBase {
  kind: 'watermark';
  threadKey: string;
  contact: InboundContact;
  status: 'delivered' | 'read';
  untilMs: number;
}
/** Something about our account at the provider: restricted, quality, template rejected, permission withdrawn. */
export interface AccountEvent extends EventBase {
  kind: 'account';
  /** The provider's name of it. */
  change: string;
  inbound?: { state: HealthState; reason?: string };
  outbound?: { state: HealthState; reason?: string };
  /** What the provider said, for Diagnostics; no secrets. */
  facts: Record<string, Json>;
}
/** Something about the contact: renamed, blocked us, came back. An activity, not a message. */
export interface ContactEvent extends EventBase {
  kind: 'contact';
  threadKey: string;
  contact: InboundContact;
  change: 'blocked' | 'unblocked' | 'updated';
}
export type ChannelEvent =
  | InboundMessageEvent
  | DeliveryStatusEvent
  | EditEvent
  | DeleteEvent
  | ReactionEvent
  | EchoEvent
  | WatermarkEvent
  | AccountEvent
  | ContactEvent;

/** One provider call's worth of message (see `#domain/render.ts`, which splits and degrades by capabilities). */
export interface OutboundMessage {
  /** Our message id. */
  id: string;
  conversationId: string;
  contactExternalId: string;
  threadKey: string;
  replyAddress: JsonObject;
  parts: Part[];
  /** Provider id of the message to quote; with `as`, of the comment to answer. */
  inReplyTo?: string;
  /** `InboundMessageEvent.reference` of that message. */
  inReplyToReference?: JsonObject;
  /** To the writer of the comment `inReplyTo`, by direct message: once, within the provider's days. */
  as?: 'private_reply';
  /** Who speaks: some windows are longer for people. */
  author: 'bot' | 'agent';
  /** What the agent is called. */
  authorName?: string;
  /** The contact's last message in this conversation, Unix milliseconds; null where they never wrote. */
  lastInAtMs: number | null;
  /** What we sent in this conversation since then, this one not counted. */
  sentSinceLastIn: number;
  /** Which try of this message this is, from 1. */
  attempt: number;
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
  /** This very call may be repeated with the same key although its answer is missing, whatever `resend` says of the inbox. */
  readonly repeatable: boolean;
  constructor(
    kind: SendFailureKind,
    message: string,
    options: { retryAfterMs?: number; providerCode?: string; repeatable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.providerCode = options.providerCode;
    this.repeatable = options.repeatable ?? false;
  }
}

/** What `connect` learned: who the account is, and credentials completed by us (a webhook secret we made). */
export interface Connected<Credentials> {
  accountKey: string;
  accountLabel: string;
  credentials: Credentials;
  /**
   * What its webhook subscription hangs on at the provider, where several inboxes may share one whose fields each call REPLACES:
   * `page/<id>`, `instagram/<id>`, `waba/<id>`. Events of the whole account are addressed by it too.
   */
  subscription?: string;
  /**
   * We look into it ourselves, for the provider calls nobody (or only says that there is news): the kind of mailbox, and where the
   * first look begins, so that what was there before isn't imported.
   */
  mailbox?: { kind: 'imap' | 'microsoft'; cursor?: JsonObject };
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

/** What `connect` and `disconnect` may ask about the rest of the deployment. */
export interface ConnectContext {
  /** Types of the other connected inboxes on this subscription: their fields must stay subscribed. */
  siblings(subscription: string): Promise<ChannelType[]>;
}

/** Where a signal goes: the conversation, and the contact's last message in it. */
export interface SignalTarget {
  contactExternalId: string;
  threadKey: string;
  replyAddress: JsonObject;
  lastInbound: { providerMessageId: string; reference?: JsonObject } | null;
}

/** Reading a mail takes its time; reading JSON doesn't. */
type MaybePromise<Value> = Value | Promise<Value>;

export interface ChannelAdapter<Credentials extends JsonObject = JsonObject> {
  definition: ChannelDefinition<Credentials>;
  /** May an unconfirmed send be repeated with the same key? */
  resend(inbox: AdapterInbox<Credentials>): 'safe' | 'unsafe';
  /** How long the provider remembers `SendOptions.key`: an unanswered send is never repeated after that. Absent = for ever. */
  keyLifeHours?: number;
  /**
   * How long one `send` may take, where that is longer than the moment a local activity has: then all are made by regular activities.
   * At most a minute.
   */
  slowCallMs?: number;
  /** Pure on bytes and headers; constant-time. Never throws. */
  verify(inbox: AdapterInbox<Credentials>, request: RawRequest): Verdict;
  /**
   * Pure on bytes. Called after `verify` said ok. Never throws (nor rejects) for one odd event: that one becomes an `unsupported` part and its
   * siblings stay. A body that is no event at all is `{ kind: 'malformed' }`.
   */
  parse(
    inbox: AdapterInbox<Credentials>,
    request: RawRequest,
  ): MaybePromise<ChannelEvent[] | { kind: 'malformed'; message: string }>;
  /** @throws ChannelError */
  send(inbox: AdapterInbox<Credentials>, message: OutboundMessage, options: SendOptions): Promise<Sent>;
  /**
   * The account that credentials alone name, where they do: so that connecting it twice is refused before `connect` takes its
   * webhook away from the inbox that has it.
   */
  accountKeyOf?(credentials: Credentials): string | undefined;
  /** Validates credentials with the provider, registers the webhook. @throws ChannelError with the provider's words. */
  connect(
    inbox: AdapterInbox<Credentials>,
    webhookUrl: string,
    signal: AbortSignal,
    context: ConnectContext,
  ): Promise<Connected<Credentials>>;
  /** Undoes `connect` at the provider; what siblings need stays. Idempotent. */
  disconnect(inbox: AdapterInbox<Credentials>, signal: AbortSignal, context: ConnectContext): Promise<void>;
  probe(inbox: AdapterInbox<Credentials>, webhookUrl: string, signal: AbortSignal): Promise<ProbeResult>;
  /** Fetches what `InboundMedia.source` names, up to `maxBytes`. @throws ChannelError */
  fetchMedia?(
    inbox: AdapterInbox<Credentials>,
    source: JsonObject,
    options: { signal: AbortSignal; maxBytes: number },
  ): Promise<MediaBytes>;
  /** Best effort, once the message is stored. @throws ChannelError */
  acknowledge?(inbox: AdapterInbox<Credentials>, reference: JsonObject, signal: AbortSignal): Promise<void>;
  /** Tells the contact that we type or have read. Best effort, stored nowhere. @throws ChannelError */
  signal?(
    inbox: AdapterInbox<Credentials>,
    kind: 'typing' | 'read',
    target: SignalTarget,
    signal: AbortSignal,
  ): Promise<void>;
  /** Does something with a comment (`definition.actions`). Idempotent. @throws ChannelError */
  act?(
    inbox: AdapterInbox<Credentials>,
    action: CommentAction,
    comment: { providerMessageId: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** What the provider tells of a contact beyond their messages (a name, a picture). @throws ChannelError */
  fetchContact?(
    inbox: AdapterInbox<Credentials>,
    externalId: string,
    signal: AbortSignal,
  ): Promise<Partial<Omit<InboundContact, 'externalId'>>>;
  /** HTTP answer to an accepted webhook; default 200 `{}`. */
  accepted?(
    results: { eventId: string; duplicate: boolean }[],
  ): { status: number; body: Json } | { status: number; text: string; contentType: string };
  /**
   * The answer where it depends on our rows (TwiML). Called once the events are committed, also for those that were there before;
   * `events` are what it found out by asking, committed before the answer leaves.
   */
  respond?(
    inbox: AdapterInbox<Credentials>,
    request: RawRequest,
  ): Promise<{ status: number; text: string; contentType: string; events?: ChannelEvent[] }>;
}

/** What one account got of an app-level webhook's body. */
export interface WebhookSlice {
  /** One account's inbox, or every inbox of this type on a subscription. Test deliveries that name nobody match nothing. */
  to: { type: ChannelType } & ({ accountKey: string } | { subscription: string });
  /** An envelope like the whole one with only this account's events of this type in it: what the adapter's `parse` reads. */
  body: Uint8Array;
}

/** A provider's one webhook for all its accounts, `/webhooks/<name>`. Pure on bytes; never throws. */
export interface AppWebhook {
  name: AppWebhookName;
  /** Which of the deployment's apps signed it; `respond` for handshakes. Constant time. */
  verify(
    apps: readonly ProviderApp[],
    request: RawRequest,
  ): { kind: 'ok'; app: ProviderApp } | Exclude<Verdict, { kind: 'ok' }>;
  /** Every event goes into exactly one slice, in order; one that nobody understands into the slice of its account's best guess. */
  split(request: RawRequest): WebhookSlice[] | { kind: 'malformed'; message: string };
}
