/** Accounts come to be on first use; what `connect` told an earlier process of them is read from the connected inboxes. */
import type { ChannelType } from '#domain/channel.ts';
import type { AdapterInbox } from '../../contract.ts';
import { instagramFields, pageFields, union } from '../fields.ts';
import { derivedId } from './ids.ts';
import { newAccount, type Account, type AccountKind, type Waba, type World } from './world.ts';

export const META_TYPES = [
  'whatsapp',
  'messenger',
  'facebook_page',
  'instagram_dm',
  'instagram_posts',
] as const satisfies ChannelType[];

/** The account of this id, made up where it is unknown. */
export async function accountOf(world: World, kind: AccountKind, id: string): Promise<Account> {
  const known = world.accounts.get(id);
  if (known) return known;
  const inboxes = await world.deps.inboxes(META_TYPES);
  // Another call may have been quicker.
  const raced = world.accounts.get(id);
  if (raced) return raced;
  const account = newAccount(kind, id, nameOf(kind, id));
  world.accounts.set(id, account);
  const ours = inboxes.filter((inbox) => accountIdOf(inbox) === id);
  if (kind === 'page')
    subscribe(
      account,
      inboxes.filter((inbox) => inbox.credentials['pageId'] === id),
      pageFields,
    );
  if (kind === 'instagram') recallInstagram(account, ours);
  if (kind === 'number') {
    account.parentId = textOf(ours[0]?.credentials['wabaId']) ?? derivedId(15, `waba/${id}`);
    await wabaOf(world, account.parentId);
  }
  return account;
}

export async function wabaOf(world: World, id: string): Promise<Waba> {
  const known = world.wabas.get(id);
  if (known) return known;
  const inboxes = await world.deps.inboxes(['whatsapp']);
  const subscribed = inboxes.some(({ credentials }) => credentials['wabaId'] === id);
  const waba = world.wabas.get(id) ?? { id, subscribed, override: null };
  world.wabas.set(id, waba);
  return waba;
}

/** A number and its WABA find each other by the token both are called with, until an inbox says so. */
export function linkWaba(world: World, token: string, seen: { wabaId?: string; number?: Account }): void {
  const link = { ...world.links.get(token), ...seen };
  world.links.set(token, link);
  if (link.number && link.wabaId !== undefined && !link.number.isAdopted) link.number.parentId = link.wabaId;
}

/** An inbox is the best witness of what its account hangs on. */
export async function adopt(world: World, account: Account, inbox: AdapterInbox): Promise<void> {
  account.isAdopted = true;
  if (account.kind === 'number') {
    account.parentId = textOf(inbox.credentials['wabaId']) ?? account.parentId;
    if (account.parentId !== null) await wabaOf(world, account.parentId);
  }
  if (account.kind !== 'instagram') return;
  account.byInstagramLogin = inbox.credentials['login'] !== 'facebook';
  if (!account.byInstagramLogin) {
    account.parentId = textOf(inbox.credentials['pageId']) ?? account.parentId ?? pageOfInstagram(account.id);
    await accountOf(world, 'page', account.parentId);
  }
}

/** The account an inbox stands for, by its credentials. */
export function accountIdOf(inbox: AdapterInbox): string {
  const { credentials, accountKey } = inbox;
  return (
    textOf(credentials['phoneNumberId']) ??
    textOf(credentials['instagramUserId']) ??
    textOf(credentials['pageId']) ??
    accountKey
  );
}
export function kindOf(inbox: AdapterInbox): AccountKind {
  if (inbox.credentials['phoneNumberId'] !== undefined) return 'number';
  return inbox.credentials['instagramUserId'] === undefined ? 'page' : 'instagram';
}
/** Whether its customers write comments. */
export function showsPosts(inbox: AdapterInbox): boolean {
  return Object.hasOwn(commentTypes, inbox.type);
}
const commentTypes: Partial<Record<ChannelType, true>> = { facebook_page: true, instagram_posts: true };

function recallInstagram(account: Account, inboxes: readonly AdapterInbox[]): void {
  const first = inboxes[0];
  if (!first) return;
  if (first.credentials['login'] === 'facebook') {
    account.parentId = textOf(first.credentials['pageId']) ?? pageOfInstagram(account.id);
    return;
  }
  account.byInstagramLogin = true;
  subscribe(account, inboxes, instagramFields);
}

function subscribe(
  account: Account,
  inboxes: readonly AdapterInbox[],
  fields: Parameters<typeof union>[1],
): void {
  const wanted = union(
    inboxes.map(({ type }) => type),
    fields,
  );
  if (wanted.length > 0) account.subscribed = wanted;
}

/** A page and the Instagram account linked to it find each other without anything stored. */
export const instagramOfPage = (pageId: string): string => `17841${pageId.slice(0, 12).padStart(12, '0')}`;
export const pageOfInstagram = (userId: string): string => userId.replace(/^17841/, '');

function nameOf(kind: AccountKind, id: string): string {
  const tail = id.slice(-4);
  if (kind === 'page') return `Sandbox Page ${tail}`;
  return kind === 'instagram' ? `sandbox.shop.${tail}` : `Sandbox Number ${tail}`;
}
function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
