/** The folder of sent mails: where it is, and putting a mail there once. */
import type { ImapFlow } from 'imapflow';
import type { ServerLogin } from '../definition.ts';
import { asking, leaveImap, openImap, type ImapConnectDeps } from './connection.ts';

export interface SentCopy {
  messageId: string;
  raw: Uint8Array;
  at: Date;
}

/** Where a server marks none, by its name. */
const NAMES =
  /^(inbox[./])?(sent|sent items|sent messages|sent mail|gesendet|gesendete elemente|envoyés|enviados)$/i;

/**
 * On a connection of its own, so that the one that waits for mails isn't disturbed. A mail that lies there already, by its Message-ID, is
 * not put there again. @returns the folder, or null where there is none
 * @throws ChannelError
 */
export async function saveInSent(
  deps: ImapConnectDeps,
  login: ServerLogin,
  copies: readonly SentCopy[],
  signal: AbortSignal,
): Promise<string | null> {
  const client = await openImap(deps, login, signal);
  try {
    const folder = await sentFolder(client);
    if (folder === null) return null;
    await asking(client, `opening ${folder}`, () => client.mailboxOpen(folder, { readOnly: true }));
    for (const { messageId, raw, at } of copies) {
      const there = await asking(client, 'looking for a sent mail', () =>
        client.search({ header: { 'message-id': messageId } }, { uid: true }),
      );
      if (there && there.length > 0) continue;
      await asking(
        client,
        'saving a sent mail',
        () => client.append(folder, Buffer.from(raw), ['\\Seen'], at),
        300_000,
      );
    }
    return folder;
  } finally {
    await leaveImap(client);
  }
}

async function sentFolder(client: ImapFlow): Promise<string | null> {
  const folders = await asking(client, 'listing folders', () => client.list());
  const marked = folders.find(({ specialUse }) => specialUse === '\\Sent');
  return (marked ?? folders.find(({ path }) => NAMES.test(path)))?.path ?? null;
}
