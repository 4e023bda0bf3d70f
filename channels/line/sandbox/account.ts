/** What the double knows of one LINE channel. In memory: a restart forgets chats and ledger, as no provider would. */
import { createHash, randomBytes } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import type { MediaBytes, AdapterInbox } from '../../contract.ts';
import { createCourier, createFaults, type Courier, type Faults, textOf } from '../../sandbox-courier.ts';
import type { LedgerEntry, SandboxDeps } from '../../sandbox-contract.ts';

export interface Line {
  id: string;
  from: 'customer' | 'business';
  author: string;
  authorId: string;
  atMs: number;
  /** The message object as LINE holds it. */
  message: JsonObject;
  edited?: true;
  deleted?: true;
}
export interface Chat {
  id: string;
  title: string;
  kind: 'direct' | 'group';
  /** Blocked by the person, or put out of the group. */
  blocked: boolean;
  loadingUntilMs: number;
  lines: Line[];
}
export interface Account {
  token: string;
  /** Known once an inbox with this token is. */
  secret: string;
  userId: string;
  webhook: { url: string; active: boolean } | null;
  chats: Map<string, Chat>;
  people: Map<string, string>;
  files: Map<string, MediaBytes>;
  ledger: LedgerEntry[];
  replyTokens: Map<string, { chatId: string; untilMs: number }>;
  quoteTokens: Set<string>;
  readTokens: Map<string, string>;
  retryKeys: Map<string, { requestId: string; sentMessages: { id: string; quoteToken: string }[] }>;
  read: string[];
  /** Messages a month; null = no limit. Replies don't count. */
  monthlyLimit: number | null;
  pushed: number;
  faults: Faults;
  courier: Courier;
}

export type Accounts = (token: string) => Promise<Account>;

export function createAccounts(deps: SandboxDeps): Accounts & { known(): Account[] } {
  const accounts = new Map<string, Account>();
  const find = async (token: string): Promise<Account> => {
    const account = accounts.get(token) ?? newAccount(deps, token);
    accounts.set(token, account);
    // The secret is in no call of the API: only the inbox that was given both knows it.
    const inboxes = account.secret === '' ? await deps.inboxes(['line']) : [];
    const inbox = inboxes.find(({ credentials }) => credentials['channelAccessToken'] === token);
    if (inbox) introduce(deps, account, inbox);
    return account;
  };
  return Object.assign(find, { known: () => [...accounts.values()] });
}

/** What LINE would still know after a restart of ours: the secret, and the webhook that `connect` registered. */
export function introduce(deps: SandboxDeps, account: Account, inbox: AdapterInbox): void {
  account.secret = textOf(inbox.credentials['channelSecret']);
  account.webhook ??= { url: `${deps.publicUrl}/webhooks/line/${inbox.id}`, active: true };
}

function newAccount(deps: SandboxDeps, token: string): Account {
  return {
    token,
    secret: '',
    userId: idOf('U', token),
    webhook: null,
    chats: new Map(),
    people: new Map(),
    files: new Map(),
    ledger: [],
    replyTokens: new Map(),
    quoteTokens: new Set(),
    readTokens: new Map(),
    retryKeys: new Map(),
    read: [],
    monthlyLimit: null,
    pushed: 0,
    faults: createFaults(),
    courier: createCourier(deps),
  };
}

/** LINE's ids: a letter and 32 hexadecimal digits. */
export function idOf(letter: 'U' | 'C' | 'R', seed: string): string {
  return letter + createHash('sha256').update(seed).digest('hex').slice(0, 32);
}
export const isLineId = (id: string): boolean => /^[UCR][0-9a-f]{32}$/.test(id);

export function chatOf(account: Account, id: string, title?: string): Chat {
  const known = account.chats.get(id);
  if (known) return known;
  const kind = id.startsWith('U') ? 'direct' : 'group';
  const chat: Chat = {
    id,
    kind,
    title: title ?? `${kind === 'direct' ? 'Customer' : 'Group'} ${id.slice(1, 5)}`,
    blocked: false,
    loadingUntilMs: 0,
    lines: [],
  };
  account.chats.set(id, chat);
  return chat;
}

let messages = 0;
/** Numbers as text, from the clock, so that ids of an earlier process, which our database remembers, don't come again. */
export function nextMessageId(): string {
  messages += 1;
  return String(BigInt(Date.now()) * 100_000n + BigInt(messages % 100_000));
}
export const newToken = (): string => randomBytes(16).toString('hex');
