/** One careful look at a mailbox without taking anything in: for connecting it and for its probe. */
import type { ImapFlow } from 'imapflow';
import type { Json } from '#domain/json.ts';
import type { ServerLogin } from '../definition.ts';
import { asking, leaveImap, openImap, type ImapConnectDeps } from './connection.ts';
import { fromNow, type ImapCursor } from './cursor.ts';
import { openFolder } from './folder.ts';

export interface ImapCheck {
  /** Where a first look begins, so that what is there now isn't imported. */
  cursor: ImapCursor;
  /** In the server's words; no secrets. */
  facts: Record<string, Json>;
  /** What works and will give trouble soon; null where nothing will. */
  warning: string | null;
}

/** From here on the mailbox is called nearly full. */
const NEARLY_FULL = 95;

/** @throws ChannelError with what is wrong: the address, the certificate, the login, the folder */
export async function checkImap(
  deps: ImapConnectDeps,
  login: ServerLogin,
  folder: string,
  signal: AbortSignal,
): Promise<ImapCheck> {
  const client = await openImap(deps, login, signal);
  try {
    const state = await openFolder(client, folder);
    const quota = await quotaOf(client, folder);
    const facts: Record<string, Json> = {
      imapServer:
        typeof client.serverInfo?.name === 'string' ? client.serverInfo.name : (client.greeting ?? ''),
      imapEncrypted: client.secureConnection,
      imapFolder: folder,
      imapMessages: state.exists,
      imapNextUid: state.uidNext,
      imapPush: client.capabilities.has('IDLE') ? 'IDLE' : 'none: the server is asked again and again',
      ...(quota !== null && { imapQuota: `${quota.usedPercent} % of ${quota.limit} used` }),
    };
    const full = quota !== null && quota.usedPercent >= NEARLY_FULL;
    return {
      cursor: fromNow(folder, state, Date.now()),
      facts,
      warning: full
        ? `The mailbox is nearly full (${quota.usedPercent} % of ${quota.limit}): soon the server will refuse what customers write.`
        : null,
    };
  } finally {
    await leaveImap(client);
  }
}

/** Null where the server has none or doesn't say. */
async function quotaOf(
  client: ImapFlow,
  folder: string,
): Promise<{ usedPercent: number; limit: string } | null> {
  const quota = await asking(client, 'asking for the quota', () => client.getQuota(folder));
  const storage = quota ? quota.storage : undefined;
  if (!storage?.limit) return null;
  return {
    usedPercent: Math.round((100 * (storage.usage ?? 0)) / storage.limit),
    limit: `${Math.round(storage.limit / 1024 / 1024)} MB`,
  };
}
