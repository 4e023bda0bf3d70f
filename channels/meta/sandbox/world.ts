/** What the double knows: accounts, the chats of their customers, posts, files. In memory; see `recall.ts` for what outlives a start. */
import { randomUUID } from 'node:crypto';
import type {
  PhoneMessage,
  SandboxDelivery,
  SandboxDeps,
  SandboxFault,
  LedgerEntry,
} from '../../sandbox-contract.ts';
import { derivedId } from './ids.ts';

export const DAY_MS = 24 * 3_600_000;
/** Anybody may upload to a double, and everything is in memory: the oldest files make room. */
const MAX_HELD_BYTES = 256 * 1024 * 1024;

export type AccountKind = 'page' | 'instagram' | 'number';

export interface StoredMessage extends PhoneMessage {
  /** Of a customer's comment: when it was answered privately. */
  privateReply?: boolean;
  /** How its choices are pressed. */
  choiceKind?: 'quick_reply' | 'postback' | 'button' | 'list';
  personId: string;
  key?: string;
}
export interface Person {
  id: string;
  name: string;
  /** WhatsApp: absent for people who go by a username. */
  phone?: string;
}
export interface Thread {
  id: string;
  kind: 'direct' | 'post';
  person: Person;
  blocked: boolean;
  typingUntilMs: number;
  /** By the double's clock; null where the customer never wrote. */
  lastInAtMs: number | null;
  /** Shown on the phones of comment inboxes too. */
  byPrivateReply: boolean;
  messages: StoredMessage[];
}
export interface Account {
  kind: AccountKind;
  id: string;
  name: string;
  /** Fields our app gets of this account; null where it isn't subscribed. Each call replaces them all. */
  subscribed: string[] | null;
  /** The page an Instagram account hangs on, the WABA of a number. */
  parentId: string | null;
  /** Instagram Login: its events are signed by the Instagram app. */
  byInstagramLogin: boolean;
  threads: Map<string, Thread>;
  faults: (Required<Pick<SandboxFault, 'kind'>> & { times: number; retryAfterSeconds?: number })[];
  delivery: SandboxDelivery;
  ledger: LedgerEntry[];
  /** What it hangs on was said by an inbox. */
  isAdopted: boolean;
  /** WhatsApp numbers only. */
  number: { display: string; registered: boolean; pin: string; verified: boolean; quality: string };
}
export interface Waba {
  id: string;
  subscribed: boolean;
  override: string | null;
}
export interface StoredFile {
  id: string;
  bytes: Uint8Array;
  mimeType: string;
  name: string;
  atMs: number;
}
export interface World {
  deps: SandboxDeps;
  startedAtMs: number;
  now(): number;
  accounts: Map<string, Account>;
  wabas: Map<string, Waba>;
  files: Map<string, StoredFile>;
  /** Where the app's webhooks go, as set in its dashboard or by `/{app id}/subscriptions`. */
  callbackUrl: string;
  /** Which WABA and number a token was last used with. */
  links: Map<string, { wabaId?: string; number?: Account }>;
}

export function createWorld(deps: SandboxDeps, now: () => number = Date.now): World {
  return {
    deps,
    startedAtMs: now(),
    now,
    accounts: new Map(),
    wabas: new Map(),
    files: new Map(),
    links: new Map(),
    callbackUrl: `${deps.publicUrl}/webhooks/meta`,
  };
}

export function newAccount(kind: AccountKind, id: string, name: string): Account {
  return {
    kind,
    id,
    name,
    subscribed: null,
    parentId: null,
    byInstagramLogin: false,
    threads: new Map(),
    faults: [],
    delivery: { copies: 1, held: false, statuses: true },
    ledger: [],
    isAdopted: false,
    number: {
      display: `+1 555-02${derivedId(1, id)}-${derivedId(4, `display/${id}`)}`,
      registered: true,
      pin: '',
      verified: true,
      quality: 'GREEN',
    },
  };
}

export function addFile(
  world: World,
  file: { bytes: Uint8Array; mimeType: string; name?: string },
): StoredFile {
  const id = randomUUID();
  const stored = { ...file, id, name: file.name ?? 'file', atMs: world.now() };
  world.files.set(id, stored);
  let held = [...world.files.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  for (const [oldest, { bytes }] of world.files) {
    if (held <= MAX_HELD_BYTES || oldest === id) break;
    world.files.delete(oldest);
    held -= bytes.byteLength;
  }
  return stored;
}

/** What the phone shows of a file: relative, so that it loads from whatever address the page has. */
export const shownUrl = (file: StoredFile): string => `/sandbox/meta/cdn/phone/${file.id}`;

export function threadOf(
  account: Account,
  id: string,
  person: Person,
  kind: Thread['kind'] = 'direct',
): Thread {
  const known = account.threads.get(id);
  if (known) return known;
  const thread: Thread = {
    id,
    kind,
    person,
    blocked: false,
    typingUntilMs: 0,
    lastInAtMs: null,
    byPrivateReply: false,
    messages: [],
  };
  account.threads.set(id, thread);
  return thread;
}

export function findMessage(account: Account, id: string): { thread: Thread; message: StoredMessage } | null {
  for (const thread of account.threads.values()) {
    const message = thread.messages.find((each) => each.id === id);
    if (message) return { thread, message };
  }
  return null;
}

export function addMessage(
  thread: Thread,
  message: Pick<StoredMessage, 'id' | 'from' | 'author' | 'atMs' | 'personId'> & Partial<StoredMessage>,
): StoredMessage {
  const stored = { text: '', media: [], choices: [], reactions: [], ...message };
  thread.messages.push(stored);
  if (message.from === 'business') thread.typingUntilMs = 0;
  return stored;
}
