/** What the double knows of one business account. In memory: a restart forgets chats and ledger, as no provider would. */
import { randomBytes } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import type { MediaBytes } from '../../contract.ts';
import { createCourier, createFaults, type Courier, type Faults, textOf } from '../../sandbox-courier.ts';
import type { LedgerEntry, SandboxDeps } from '../../sandbox-contract.ts';

export interface Line {
  id: string;
  from: 'customer' | 'business';
  author: string;
  atMs: number;
  /** The content's own block of the webhook: `type` and the field of that name. */
  content: JsonObject & { type: string };
  replyTo?: string;
  reaction?: string;
  read?: true;
}
export interface Chat {
  /** The conversation. */
  id: string;
  userId: string;
  username: string;
  typingUntilMs: number;
  lines: Line[];
}
export interface Account {
  businessId: string;
  username: string;
  chats: Map<string, Chat>;
  ledger: LedgerEntry[];
  faults: Faults;
  courier: Courier;
  /** Conversations that were marked read, every time. */
  markedRead: string[];
}
export interface World {
  deps: SandboxDeps;
  accounts: Map<string, Account>;
  /** The app's one webhook; undefined until it is known whether an earlier process set it. */
  callbackUrl: string | null | undefined;
  /** Access tokens that were replaced or withdrawn. */
  ended: Set<string>;
  /** Refresh tokens and the account each is of; used ones are gone. */
  refreshTokens: Map<string, { businessId: string; accessToken: string }>;
  codes: Map<string, { businessId: string; redirectUri: string; scope: string }>;
  files: Map<string, MediaBytes>;
}

export function newWorld(deps: SandboxDeps): World {
  return {
    deps,
    accounts: new Map(),
    callbackUrl: undefined,
    ended: new Set(),
    refreshTokens: new Map(),
    codes: new Map(),
    files: new Map(),
  };
}

/** An account comes to be with the first call that names it. */
export function accountOf(world: World, businessId: string): Account {
  const known = world.accounts.get(businessId);
  if (known) return known;
  const account: Account = {
    businessId,
    username: `sandbox.shop.${businessId.slice(-4).toLowerCase()}`,
    chats: new Map(),
    ledger: [],
    faults: createFaults(),
    courier: createCourier(world.deps),
    markedRead: [],
  };
  world.accounts.set(businessId, account);
  return account;
}

/** What TikTok would still know after a restart of ours: the webhook, once an inbox is connected. */
export async function recall(world: World): Promise<void> {
  if (world.callbackUrl !== undefined) return;
  const inboxes = await world.deps.inboxes(['tiktok']);
  world.callbackUrl ??= inboxes.length > 0 ? `${world.deps.publicUrl}/webhooks/tiktok` : null;
  for (const { credentials } of inboxes) {
    const { businessId, accessToken, refreshToken } = credentials;
    if (typeof refreshToken === 'string')
      world.refreshTokens.set(refreshToken, {
        businessId: textOf(businessId),
        accessToken: textOf(accessToken),
      });
  }
}

export function newChat(account: Account, userId: string, username: string): Chat {
  const chat: Chat = { id: `conv-${nextId()}`, userId, username, typingUntilMs: 0, lines: [] };
  account.chats.set(chat.id, chat);
  return chat;
}

/** One unknown here is taken for one that an earlier process knew: its person has just written, as far as we know. */
export function chatOf(account: Account, id: string): Chat {
  const known = account.chats.get(id);
  if (known) return known;
  const chat: Chat = {
    id,
    userId: `user-${id}`,
    username: `customer.${id.slice(-4)}`,
    typingUntilMs: 0,
    lines: [],
  };
  account.chats.set(id, chat);
  return chat;
}

let ids = 0;
/** Beyond 2^53, as TikTok's, and from the clock, so that ids of an earlier process don't come again. */
export function nextId(): string {
  ids += 1;
  return String(BigInt(Date.now()) * 1_000_000n + BigInt(ids % 1_000_000));
}
export const newSecret = (prefix: string): string => `${prefix}.${randomBytes(18).toString('base64url')}`;
