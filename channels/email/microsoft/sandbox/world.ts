/** What the double of Microsoft 365 knows: mailboxes, who may use them, who is told. In memory: a restart forgets mails and subscriptions. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createCourier, createFaults, textOf, type Courier, type Faults } from '../../../sandbox-courier.ts';
import type { LedgerEntry, SandboxDeps } from '../../../sandbox-contract.ts';
import type { Item } from './item.ts';

export interface Mailbox {
  address: string;
  userId: string;
  items: Map<string, Item>;
  /** Every change of a folder, oldest first: what delta queries walk along. */
  changes: { id: string; folder: string; kind: 'created' | 'removed' }[];
  /** Grows when delta links of before are no longer served. */
  epoch: number;
  ledger: LedgerEntry[];
  faults: Faults;
  courier: Courier;
  /** Calls being answered now. */
  calls: number;
  /** Every Graph call, for tests: method and path. */
  log: string[];
}
export interface Grant {
  address: string;
  scope: string;
}
export interface Subscribed {
  id: string;
  address: string;
  resource: string;
  changeType: string;
  notificationUrl: string;
  lifecycleUrl: string | null;
  clientState: string | null;
  expiresAtMs: number;
  /** Nothing is told until somebody reauthorizes it. */
  paused: boolean;
}
export interface Upload {
  address: string;
  itemId: string;
  name: string;
  contentType: string;
  size: number;
  isInline: boolean;
  contentId: string | null;
  bytes: Uint8Array[];
  received: number;
}
export interface Code extends Grant {
  redirectUri: string;
  challenge: string | null;
  expiresAtMs: number;
}
export interface World {
  deps: SandboxDeps;
  mailboxes: Map<string, Mailbox>;
  codes: Map<string, Code>;
  usedCodes: Set<string>;
  refreshTokens: Map<string, Grant>;
  /** Used refresh tokens, and when. */
  spent: Map<string, Grant & { atMs: number }>;
  accessTokens: Map<string, Grant & { expiresAtMs: number }>;
  /** Grants withdrawn: every token of these mailboxes issued before. */
  subscriptions: Map<string, Subscribed>;
  uploads: Map<string, Upload>;
  recalled: boolean;
}

export function newWorld(deps: SandboxDeps): World {
  return {
    deps,
    mailboxes: new Map(),
    codes: new Map(),
    usedCodes: new Set(),
    refreshTokens: new Map(),
    spent: new Map(),
    accessTokens: new Map(),
    subscriptions: new Map(),
    uploads: new Map(),
    recalled: false,
  };
}

/** Where the double is mounted, as Graph's links name it. */
export const graphBase = ({ deps }: World): string => `${deps.sandboxUrl}/microsoft/graph/v1.0`;

/** A mailbox comes to be with the first token for it. */
export function mailboxOf(world: World, given: string): Mailbox {
  const address = given.toLowerCase();
  const known = world.mailboxes.get(address);
  if (known) return known;
  const mailbox: Mailbox = {
    address,
    userId: randomUUID(),
    items: new Map(),
    changes: [],
    epoch: Date.now(),
    ledger: [],
    faults: createFaults(),
    courier: createCourier(world.deps),
    calls: 0,
    log: [],
  };
  world.mailboxes.set(address, mailbox);
  return mailbox;
}

/** What Microsoft would still know after a restart of ours: the grants of connected inboxes, and whom it tells of their mails. */
export async function recall(world: World): Promise<void> {
  if (world.recalled) return;
  world.recalled = true;
  for (const { id, credentials } of await world.deps.inboxes(['email'])) {
    const address = textOf(credentials['address']).toLowerCase();
    const token = textOf(credentials['refreshToken']);
    if (credentials['kind'] !== 'microsoft' || address === '' || token === '') continue;
    if (!world.spent.has(token)) world.refreshTokens.set(token, { address, scope: FULL_SCOPE });
    mailboxOf(world, address);
    const clientState = textOf(credentials['clientState']);
    const url = `${world.deps.publicUrl}/webhooks/microsoft`;
    if (clientState !== '')
      world.subscriptions.set(`remembered-${id}`, {
        id: `remembered-${id}`,
        address,
        resource: "me/mailFolders('inbox')/messages",
        changeType: 'created',
        notificationUrl: url,
        lifecycleUrl: url,
        clientState,
        expiresAtMs: Date.now() + DAY_MS,
        paused: false,
      });
  }
}

const DAY_MS = 86_400_000;

export const FULL_SCOPE = 'openid profile email offline_access User.Read Mail.ReadWrite Mail.Send';

/** A made-up refresh token names its mailbox: `sandbox-refresh-<digits or address>`. */
export function madeUpGrant(token: string): Grant | null {
  const [, name] = /^sandbox-refresh-(\S{3,200})$/.exec(token) ?? [];
  if (name === undefined) return null;
  const address = name.includes('@') ? name : `sandbox-${name}@microsoft.example`;
  return { address: address.toLowerCase(), scope: FULL_SCOPE };
}

/** The owner, or the tenant, took everything back. */
export function revoke(world: World, address: string): void {
  for (const [token, grant] of world.accessTokens)
    if (grant.address === address) world.accessTokens.delete(token);
  for (const [token, grant] of world.refreshTokens)
    if (grant.address === address) {
      world.refreshTokens.delete(token);
      world.spent.set(token, { ...grant, atMs: 0 });
    }
}

export const newSecret = (prefix: string): string => `${prefix}${randomBytes(32).toString('base64url')}`;
