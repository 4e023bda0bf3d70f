/** What the API answers, by hand from the public contract. Fields beyond the contract are optional: a page shows them if there. */
import type { ChannelType, HealthState, InboxState } from '#domain/channel.ts';
import type { ConversationStatus, MessageWindow, Priority } from '#domain/conversation.ts';
import type { FlowDefinition, FlowProblem } from '#domain/flow/types.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type {
  AuthorKind,
  EmailAddress,
  MessageDirection,
  MessageError,
  MessageStatus,
  Part,
} from '#domain/message.ts';
import type { Role } from '#domain/roles.ts';

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface Workspace {
  id: string;
  name: string;
  slug: string;
}
export interface Me {
  user: { id: string; name: string; email: string } | null;
  workspace: Workspace;
  role: Role;
  workspaces: (Workspace & { role?: Role })[];
  /** Provider doubles are on in this deployment. */
  sandbox?: boolean;
}

export interface DirectionHealth {
  state: HealthState;
  reason?: string;
  since?: string;
}
export interface Inbox {
  id: string;
  type: ChannelType;
  name: string;
  sandbox: boolean;
  state: InboxState;
  inbound: DirectionHealth;
  outbound: DirectionHealth;
  account: { externalId: string; label: string };
  createdAt: string;
  settings?: JsonObject;
  reopenWithinHours?: number;
  lastInAt?: string | null;
  lastOutAt?: string | null;
  canSend?: boolean;
}
export type InboxChanged = Inbox & { warnings: string[] };
/** An API inbox is answered with its secret, this once. */
export interface InboxRevealed {
  inbox: Inbox;
  secret: string;
  warnings: string[];
}
export type InboxDetail = Inbox & { connection?: JsonObject };
export interface AccountFact {
  change: string;
  at: string;
  facts: JsonObject;
}
export interface Evidence {
  messageId: string;
  conversationId: string;
  at: string;
}
/** A website that loaded a Live Chat inbox's widget, or was refused it. */
export interface Website {
  origin: string;
  isAllowed: boolean;
  loads: number;
  firstAt: string;
  lastAt: string;
}
/** Who visits the website, as they say and as the website says. */
export interface Visitor {
  contactId: string;
  /** The website's own id of them, where it vouched for it. */
  personId: string | null;
  name: string | null;
  email: string | null;
  phone: string | null;
  language: string | null;
  answers: { key: string; kind: string; label: string; value: string }[] | null;
  consentedAt: string | null;
  online: boolean;
  seenAt: string | null;
  unsubscribedAt: string | null;
}
export interface IdentitySecret {
  id: string;
  createdAt: string;
}
export interface Diagnostics {
  inbox: Inbox;
  webhookUrl: string;
  lastInbound: Evidence | null;
  lastReply: (Evidence & { providerMessageId: string }) | null;
  counts: {
    inbound24h: number;
    inboundPending: number;
    outboundWaiting: number;
    sent24h: number;
    failed24h: number;
    unknown24h: number;
  };
  /** What it said by itself, the last of each kind, newest first. */
  account?: AccountFact[];
  /** What the provider said when it was last asked. */
  probe: { at: string; facts: Record<string, Json> } | null;
}
export interface InboxTest {
  passed: boolean;
  inbound: Evidence | null;
  reply: (Evidence & { providerMessageId: string }) | null;
  next: string;
  inbox: Inbox;
}

/** The sandbox: what a channel's customers see, and what they may do. */
export interface PhoneMessage {
  id: string;
  from: 'customer' | 'business';
  author: string;
  atMs: number;
  text: string;
  media: { kind: string; url: string; name?: string }[];
  choices: { id: string; label: string }[];
  replyTo?: string;
  reactions: string[];
  status?: 'sent' | 'delivered' | 'read';
  edited?: boolean;
  deleted?: boolean;
  hidden?: boolean;
  note?: string;
}
export interface PhoneChat {
  id: string;
  title: string;
  kind: 'direct' | 'group' | 'post';
  blocked: boolean;
  typing: boolean;
  messages: PhoneMessage[];
}
export interface Phone {
  abilities: string[];
  chats: PhoneChat[];
  facts: JsonObject;
}
export interface PhoneInput {
  chatId: string;
  personId?: string;
  personName?: string;
  text?: string;
  subject?: string;
  media?: { kind: string; base64: string; mimeType: string; name?: string };
  location?: { lat: number; lon: number; name?: string };
  contact?: { name: string; phone: string };
  replyTo?: string;
  choiceId?: string;
  fromOwnApp?: boolean;
}
export interface PhoneWritten {
  chatId: string;
  messageId: string;
}
export type PhoneAct = { kind: string } & Record<string, string>;

export interface Contact {
  id: string;
  externalId: string;
  name: string | null;
  email?: string | null;
  phone?: string | null;
  avatarUrl?: string | null;
  blockedAt?: string | null;
  inboxId?: string;
}
export interface Conversation {
  id: string;
  inboxId: string;
  contact: Contact;
  customerId: string | null;
  threadKey: string;
  status: ConversationStatus;
  assigneeId: string | null;
  teamId: string | null;
  labels: string[];
  priority: Priority;
  owner: 'bot' | 'human' | 'none';
  lastSeq: number;
  lastMessageAt: string | null;
  window: MessageWindow;
  snoozedUntil?: string | null;
  lastMessage?: {
    text: string;
    subject?: string;
    direction: MessageDirection;
    authorKind?: AuthorKind;
  } | null;
  unreadCount?: number;
  runId?: string | null;
  createdAt?: string;
}
export interface Author {
  kind: AuthorKind;
  id?: string | null;
  externalId?: string | null;
  name?: string | null;
}
export interface Message {
  id: string;
  seq: number;
  direction: MessageDirection;
  author: Author;
  parts: Part[];
  text: string;
  status: MessageStatus;
  /** Until then it can be taken back. */
  undoUntil?: string;
  error?: MessageError | null;
  providerMessageId: string | null;
  inReplyToId?: string | null;
  /** To the writer of the comment `inReplyToId`, by direct message. */
  as?: 'private_reply';
  /** One per person: their last. */
  reactions?: { emoji: string; by: string }[];
  /** Comments, by us at the provider. */
  hiddenAt?: string | null;
  likedAt?: string | null;
  clientMessageId?: string | null;
  runId?: string | null;
  sentAt: string | null;
  deliveredAt?: string | null;
  readAt?: string | null;
  editedAt?: string | null;
  deletedAt?: string | null;
  createdAt: string;
}
/** A mail as it came, its HTML made harmless. */
export interface EmailOriginal {
  subject: string;
  /** All of it, with what was folded away. */
  text: string;
  html: string | null;
  /** Pictures elsewhere that the HTML names; only shown with `images`. */
  remoteImages: number;
}
/** What an answer by email starts from. */
export interface EmailReplyDefaults {
  from: EmailAddress | null;
  subject: string;
  to: EmailAddress[];
  others: EmailAddress[];
  signature: string;
}
/** A line of the thread that is not a message: assigned, labelled, taken over, flow started … */
export interface Activity {
  id: string;
  afterSeq: number;
  kind: string;
  actor: { kind: string; id?: string | null; name?: string | null };
  data: JsonObject;
  createdAt: string;
}
export interface ConversationChange {
  status?: ConversationStatus;
  assigneeId?: string | null;
  teamId?: string | null;
  labels?: string[];
  priority?: Priority;
  owner?: 'bot' | 'human';
  customerId?: string | null;
  snoozedUntil?: string | null;
}

export interface Customer {
  id: string;
  name: string;
  email: string | null;
  phone: string | null;
  company: string | null;
  fields: JsonObject;
  createdAt: string;
  updatedAt?: string;
  contacts?: Contact[];
}
export type CustomerInput = Partial<Pick<Customer, 'name' | 'email' | 'phone' | 'company' | 'fields'>>;

export interface Flow {
  id: string;
  name: string;
  enabled: boolean;
  position: number;
  publishedVersionNo: number | null;
  draft?: FlowDefinition;
  publishedAt?: string | null;
  problems?: FlowProblem[];
  hasUnpublishedChanges?: boolean;
  updatedAt?: string;
  createdAt?: string;
}
export interface FlowVersion {
  versionNo: number;
  definition: FlowDefinition;
  authorId: string | null;
  note?: string | null;
  createdAt: string;
}

export type RunKind = 'inbound' | 'flow' | 'outbound' | 'onboarding' | 'probe' | 'batch';
export type RunStatus = 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled' | 'terminated';
export type RunAction = 'cancel' | 'terminate' | 'retry' | 'skip' | 'resume';
export interface Run {
  id: string;
  kind: RunKind;
  status: RunStatus;
  workflowId: string;
  flowId?: string | null;
  flowName?: string | null;
  versionNo?: number | null;
  conversationId?: string | null;
  inboxId?: string | null;
  waitingFor?: string | null;
  waitingUntil?: string;
  contactName?: string | null;
  inboxName?: string;
  messageId?: string;
  stepId?: string;
  /** Its page in Temporal's own UI, where the deployment names one. */
  temporalUiUrl?: string;
  startedAt: string;
  endedAt?: string | null;
  error?: MessageError | null;
}
/** Something done outside for a step: a message or a request, with its receipt. */
export interface Effect {
  id: string;
  effectNo: number | null;
  kind: string;
  state: 'planned' | 'sending' | 'sent' | 'failed' | 'unknown' | 'cancelled';
  attempts: number;
  messageId?: string;
  providerMessageId?: string;
  notBefore?: string;
  error?: MessageError;
  createdAt: string;
  settledAt?: string;
}
export interface RunStep {
  stepNo: number;
  stepId: string;
  kind: string;
  enteredAt: string;
  /** Absent while the run is in the step. */
  leftAt?: string;
  input?: Json;
  output?: Json;
  exit?: string;
  error?: MessageError;
  effects?: Effect[];
  wait?: { for: string; until?: string };
}
export interface HistoryEvent {
  id: number;
  type: string;
  at: string;
  details: JsonObject;
}

export interface Member {
  id: string;
  userId: string;
  name: string;
  email: string;
  role: Role;
  createdAt: string;
}
export interface Invitation {
  id: string;
  email: string;
  role: Role;
  status: 'pending' | 'expired' | 'accepted' | 'canceled';
  expiresAt: string;
  createdAt: string;
}
/** Whether a mail went out; the link, this once, where none did. */
export type InvitationCreated = Invitation & { sent: boolean; link: string | null };
/** What an invitation link is for, as its holder sees it. */
export interface OpenInvitation {
  workspaceName: string;
  email: string;
  role: Role;
  expiresAt: string;
  hasAccount: boolean;
}
export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  role: Role;
  /** Named by the deployment's configuration: comes back at the next start. */
  configured: boolean;
  expiresAt: string | null;
  lastUsedAt: string | null;
  createdAt: string;
}
export interface Team {
  id: string;
  name: string;
  memberIds: string[];
}
export interface Label {
  name: string;
  color: string;
}
export interface AuditEntry {
  id: string;
  action: string;
  actor: { kind: string; id: string | null; name: string };
  subject: { kind: string; id: string | null };
  diff: Json;
  requestId: string | null;
  createdAt: string;
}
