/** What the double knows of one bot. In memory: a restart forgets chats, webhook and ledger, as no provider would. */
import { randomUUID } from 'node:crypto';
import type { Chat, Message, Update, User, UserFromGetMe } from '@grammyjs/types';
import type { JsonObject } from '#domain/json.ts';

export interface SandboxFile {
  path: string;
  bytes: Uint8Array;
  mimeType: string;
  name?: string;
}
export interface SandboxChat {
  chat: Exclude<Chat, Chat.ChannelChat>;
  blocked: boolean;
  typingUntilMs: number;
  messages: Message[];
}
/** A send the double has accepted: evidence for tests that a message went out, and how often. */
export interface LedgerEntry {
  method: string;
  chatId: string;
  messageId: string;
  fields: JsonObject;
  file?: { name: string; mimeType: string; sizeBytes: number };
  atMs: number;
}
export type FaultKind =
  | 'rate_limited'
  | 'forbidden'
  | 'kicked'
  | 'unauthorized'
  | 'bad_request'
  | 'server_error'
  | 'timeout_after_accepting'
  | 'slow';
export interface Fault {
  kind: FaultKind;
  /** Only this method, `*` for all; every send (`send…`) without it. */
  method?: string;
  /** How many calls it meets. */
  times: number;
  retryAfterSeconds?: number;
  delayMs?: number;
}
export interface Webhook {
  url: string;
  secret: string;
  /** Empty: Telegram's default. */
  allowedUpdates: string[];
}
export interface Bot {
  token: string;
  me: UserFromGetMe;
  revoked: boolean;
  webhook: Webhook | null;
  lastError: { atMs: number; message: string } | null;
  pending: { update: Update; chatId: number }[];
  /** Every update is delivered so many times. */
  copies: number;
  /** Updates wait. */
  held: boolean;
  chats: Map<number, SandboxChat>;
  files: Map<string, SandboxFile>;
  ledger: LedgerEntry[];
  answeredCallbacks: string[];
  faults: Fault[];
  nextUpdateId: number;
  nextMessageId: number;
}

const MESSAGE_EPOCH_SECONDS = Date.UTC(2025, 0, 1) / 1000;

export function createBot(token: string): Bot {
  const id = Number(token.split(':')[0]);
  return {
    token,
    me: {
      id,
      is_bot: true,
      first_name: `Sandbox ${id}`,
      username: `sandbox_${id}_bot`,
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
      can_connect_to_business: false,
      has_main_web_app: false,
      has_topics_enabled: false,
      allows_users_to_create_topics: false,
      can_manage_bots: false,
      supports_join_request_queries: false,
    },
    revoked: false,
    webhook: null,
    lastError: null,
    pending: [],
    copies: 1,
    held: false,
    chats: new Map(),
    files: new Map(),
    ledger: [],
    answeredCallbacks: [],
    faults: [],
    // From the clock, so that ids of an earlier process, which our database remembers, don't come again.
    nextUpdateId: Date.now(),
    nextMessageId: Math.floor(Date.now() / 1000) - MESSAGE_EPOCH_SECONDS,
  };
}

/** The chat of this id. One unknown here is taken for one that an earlier process knew. */
export function chatOf(bot: Bot, chatId: number, user?: User, title?: string): SandboxChat {
  const known = bot.chats.get(chatId);
  if (known) return known;
  const chat: SandboxChat['chat'] =
    chatId < 0
      ? { id: chatId, type: 'supergroup', title: title ?? `Group ${-chatId}` }
      : {
          id: chatId,
          type: 'private',
          first_name: user?.first_name ?? `Customer ${chatId}`,
          ...(user?.last_name ? { last_name: user.last_name } : {}),
          ...(user?.username ? { username: user.username } : {}),
        };
  const created: SandboxChat = { chat, blocked: false, typingUntilMs: 0, messages: [] };
  bot.chats.set(chatId, created);
  return created;
}

/** The owner of the business account that the bot serves. */
export function ownerOf(bot: Bot): User {
  return { id: bot.me.id + 1, is_bot: false, first_name: 'Owner' };
}

export function addFile(bot: Bot, file: Omit<SandboxFile, 'path'>, folder: string): string {
  const fileId = `sandbox-file-${randomUUID()}`;
  const extension = file.name?.split('.').at(-1) ?? file.mimeType.split('/').at(-1) ?? 'bin';
  bot.files.set(fileId, { ...file, path: `${folder}/file_${bot.files.size + 1}.${extension}` });
  return fileId;
}
