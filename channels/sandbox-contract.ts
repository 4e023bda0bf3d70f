/**
 * A provider's double: it speaks the provider's wire protocol over HTTP, calls our webhooks signed like the real one, and lets an admin
 * hold the customers' phones. Adapters know nothing of it. What it knows lives in memory.
 */
import type { ProviderApps } from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { AdapterInbox, MediaBytes } from './contract.ts';

export interface SandboxDeps {
  /** Delivers a webhook to this installation (PUBLIC_URL is rewritten to loopback). @returns the HTTP status, 0 where it isn't ours */
  deliver(
    url: string,
    request: { method: 'GET' | 'POST'; headers: Record<string, string>; body: string },
  ): Promise<{ status: number; body: string }>;
  /** Our own address as providers are given it; no trailing slash. */
  publicUrl: string;
  /** Where the double itself is reached: the base of links it hands out (media). No trailing slash. */
  sandboxUrl: string;
  /** The apps this double signs and issues tokens for. */
  apps: ProviderApps;
  /** Connected sandbox inboxes of these types, so that a double that has just started knows what `connect` told its predecessor. */
  inboxes(types: readonly string[]): Promise<AdapterInbox[]>;
}

/** One provider's double; mounted at `/sandbox/<name>`. */
export interface ProviderSandbox {
  name: string;
  /** Inbox types it stands in for. */
  types: readonly string[];
  /** A call of the provider's API; `path` starts with a slash and lacks the mount point. Never throws for what a caller sends. */
  handle(request: Request, path: string): Promise<Response>;
  /** The phones of this inbox's customers. */
  phone(inbox: AdapterInbox): Promise<SandboxPhone>;
}

/** What an admin can do on a channel's phone; the page shows only these. */
export type PhoneAbility =
  | 'text'
  | 'image'
  | 'audio'
  | 'video'
  | 'file'
  | 'sticker'
  | 'location'
  | 'contact'
  | 'reply'
  | 'choose'
  | 'react'
  | 'edit'
  | 'delete'
  | 'read'
  | 'block'
  | 'group'
  | 'post'
  | 'comment'
  | 'from_own_app'
  | 'call'
  | 'press'
  | 'speak'
  | 'hang_up'
  | 'pick_up';

export interface PhoneMessage {
  /** The provider's id of it. */
  id: string;
  from: 'customer' | 'business';
  author: string;
  atMs: number;
  /** What the phone shows. */
  text: string;
  media: { kind: string; url: string; name?: string }[];
  choices: { id: string; label: string }[];
  replyTo?: string;
  reactions: string[];
  status?: 'sent' | 'delivered' | 'read';
  edited?: boolean;
  deleted?: boolean;
  hidden?: boolean;
  /** Anything else worth seeing: a template's name, "not supported". */
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
/** What a customer sends; which fields count depends on the ability. */
export interface PhoneInput {
  chatId: string;
  /** Who writes: the provider's id; made up (and remembered) where the chat is new. */
  personId?: string;
  personName?: string;
  text?: string;
  media?: { kind: 'image' | 'audio' | 'video' | 'file' | 'sticker' } & MediaBytes;
  location?: { lat: number; lon: number; name?: string };
  contact?: { name: string; phone: string };
  replyTo?: string;
  /** Presses or picks this option of message `replyTo`. */
  choiceId?: string;
  /** Sent by a person of the business in the provider's own app, not by the customer. */
  fromOwnApp?: boolean;
}
export type PhoneAct =
  | { kind: 'edit'; chatId: string; messageId: string; text: string }
  | { kind: 'delete'; chatId: string; messageId: string; personId?: string }
  | { kind: 'react'; chatId: string; messageId: string; emoji: string; personId?: string }
  /** The customer has delivered or read everything up to now. */
  | { kind: 'status'; chatId: string; status: 'delivered' | 'read' | 'failed'; messageId?: string }
  | { kind: 'block' | 'unblock'; chatId: string }
  | { kind: 'post'; text: string };
/** On a phone that calls. */
export type CallAct =
  /** The customer calls us; `chatId` is their number, '' makes one up, `anonymous` hides it. */
  | { kind: 'call'; chatId: string; personName?: string }
  /** In the call that goes on: digits, spoken words. */
  | { kind: 'press' | 'speak'; chatId: string; text: string }
  /** Ends it, or declines; answers what rings. */
  | { kind: 'hang_up' | 'pick_up'; chatId: string };

export type SandboxFaultKind =
  | 'rate_limited'
  | 'server_error'
  /** It does what was asked, and the connection drops before the answer. */
  | 'no_answer'
  | 'token_expired'
  | 'permission_revoked'
  | 'window_closed'
  | 'contact_unreachable';
export interface SandboxFault {
  kind: SandboxFaultKind;
  /** How many calls it meets; until `clearFaults` where absent. */
  times?: number;
  retryAfterSeconds?: number;
}
/** How webhooks are delivered from now on. */
export interface SandboxDelivery {
  /** Every webhook is delivered so many times; 1. */
  copies: number;
  /** Webhooks are kept back until `release`, which sends them in reverse order. */
  held: boolean;
  /**
   * What a phone in somebody's pocket does by itself follows a send: it is delivered, or read where the provider reports nothing
   * between (TikTok); true. Reading is otherwise an act. No such thing on channels that report neither.
   */
  statuses: boolean;
}
/** A send the double accepted: evidence for tests. */
export interface LedgerEntry {
  atMs: number;
  /** The idempotency key or carried reference, where the provider knows one. */
  key?: string;
  providerMessageId: string;
  to: string;
  request: Json;
}

export interface SandboxPhone {
  abilities: readonly PhoneAbility[];
  chats(): PhoneChat[];
  /** @throws Error where the chat or message isn't there, said so that an admin understands */
  write(input: PhoneInput): { chatId: string; messageId: string };
  /** @throws Error as `write` */
  act(act: PhoneAct): void;
  /** Only where calls are made. @throws Error as `write` */
  inCall?(act: CallAct): void;
  ledger(): readonly LedgerEntry[];
  addFault(fault: SandboxFault): void;
  clearFaults(): void;
  setDelivery(change: Partial<SandboxDelivery>): void;
  release(): Promise<void>;
  /** Resolves once every webhook under way has been answered. */
  settled(): Promise<void>;
  /** What the double knows of the account: subscriptions, tokens given out. */
  facts(): JsonObject;
}
