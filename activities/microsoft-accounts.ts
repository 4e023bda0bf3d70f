/**
 * Access tokens of Microsoft mailboxes. A refresh token may work once only, so it is used by one process at a time, and what came of it is
 * stored before anybody uses it. If we die between Microsoft's answer and our commit, the old refresh token is tried again: Microsoft
 * may still take it; where it doesn't, only a new sign-in helps, and the inbox waits for it with all it owes.
 */
import type pg from 'pg';
import type {
  MicrosoftAccounts,
  MicrosoftInbox,
  StoredSubscription,
} from '#channels/email/microsoft/accounts.ts';
import { refreshTokens, type MicrosoftTokens } from '#channels/email/microsoft/login.ts';
import type { MicrosoftCredentials } from '#channels/email/definition.ts';
import { ChannelError } from '#channels/contract.ts';
import type { HttpClient } from '#channels/http.ts';
import { replaceCredentials, sealedCredentials } from '#db/credentials.ts';
import { open, seal, type Keyring } from '#db/keyring.ts';
import { findMailSubscription } from '#db/mail-subscriptions.ts';
import { lockSubscription } from '#db/subscriptions.ts';
import type { Faults } from './faults.ts';
import { createTurns } from './turns.ts';

export interface MicrosoftAccountsDeps {
  /** As teloring_engine. Its connections are held while Microsoft is asked. */
  pool: pg.Pool;
  keyring: Keyring;
  http: HttpClient;
  faults: Faults;
}

/** A token is renewed when it ends sooner than this. */
const AHEAD_MS = 5 * 60_000;
/** With less than that it isn't used, even where it can't be renewed just now. */
const SPARE_MS = 30_000;
/** Each renewal holds a connection of the pool. */
const MOST_RENEWALS = 2;
const RENEWAL_MS = 20_000;

export function createMicrosoftAccounts(deps: MicrosoftAccountsDeps): MicrosoftAccounts {
  const renewals = new Map<string, Promise<string>>();
  const inTurn = createTurns(MOST_RENEWALS);

  /** However many calls want it, a process asks once. It goes on when those calls have given up. */
  const renewal = (inbox: MicrosoftInbox, refused: string | undefined): Promise<string> => {
    const known = renewals.get(inbox.id);
    if (known) return known;
    const begun = inTurn(() => renew(deps, inbox, refused)).finally(() => renewals.delete(inbox.id));
    renewals.set(inbox.id, begun);
    begun.catch(() => undefined); // told to whoever waits for it
    return begun;
  };

  return {
    async accessToken(inbox, { signal, refused }) {
      const { accessToken, expiresAtMs = 0 } = inbox.credentials;
      const left = expiresAtMs - Date.now();
      if (accessToken && accessToken !== refused && left > AHEAD_MS) return accessToken;
      try {
        return await orAborted(renewal(inbox, refused), signal);
      } catch (error) {
        const usable = accessToken !== undefined && accessToken !== refused && left > SPARE_MS;
        // It is good for a while yet, and Microsoft can't be asked just now.
        if (usable && !isFinal(error)) return accessToken;
        throw error;
      }
    },
    async subscription(inboxId): Promise<StoredSubscription | null> {
      const row = await findMailSubscription(deps.pool, inboxId);
      return row?.subscriptionId != null && row.expiresAt
        ? { id: row.subscriptionId, expiresAtMs: row.expiresAt.getTime() }
        : null;
    },
  };
}

function isFinal(error: unknown): boolean {
  return error instanceof ChannelError && error.kind === 'reauthorize';
}

/** Under the inbox's lock: looks at what is stored now, and asks Microsoft only where that doesn't do. */
async function renew(
  deps: MicrosoftAccountsDeps,
  inbox: MicrosoftInbox,
  refused: string | undefined,
): Promise<string> {
  const release = await lockSubscription(deps.pool, renewalLock(inbox.id));
  try {
    const stored = await read(deps, inbox.id);
    const { accessToken, expiresAtMs = 0, refreshToken } = stored.credentials;
    // Somebody else renewed it while we waited.
    if (accessToken && accessToken !== refused && expiresAtMs - Date.now() > AHEAD_MS) return accessToken;
    const { microsoft: app } = inbox.apps;
    if (!app || !refreshToken)
      throw new ChannelError(
        'reauthorize',
        app
          ? 'There is no access to this mailbox any more. Sign in with Microsoft again.'
          : 'This installation has no Microsoft app: set MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET.',
      );
    const login = {
      base: inbox.urls['microsoftLogin'] ?? '',
      app,
      signal: AbortSignal.timeout(RENEWAL_MS),
    };
    const tokens = await refreshTokens(deps.http, login, refreshToken);
    deps.faults.at('token.answered');
    await store(deps, inbox.id, stored, tokens);
    return tokens.accessToken;
  } finally {
    await release();
  }
}

/** Held by whoever uses or replaces an inbox's refresh token. */
export const renewalLock = (inboxId: string): string => `microsoft/${inboxId}`;

interface Stored {
  sealed: Buffer;
  credentials: MicrosoftCredentials;
}

async function read(deps: MicrosoftAccountsDeps, inboxId: string): Promise<Stored> {
  const sealed = await sealedCredentials(deps.pool, inboxId);
  if (!sealed) throw new ChannelError('reauthorize', 'This mailbox is not connected any more.');
  const json = open(deps.keyring, sealed, `inbox/${inboxId}`).toString('utf8');
  // Sealed by us from what the definition's schema let through; other kinds never come here.
  return { sealed, credentials: JSON.parse(json) as MicrosoftCredentials };
}

/** Over what we read. Where it was sealed anew meanwhile, once more; where somebody signed in anew, theirs stays. */
async function store(
  deps: MicrosoftAccountsDeps,
  inboxId: string,
  before: Stored,
  tokens: MicrosoftTokens,
): Promise<void> {
  for (let at = before; ; at = await read(deps, inboxId)) {
    if (at.credentials.refreshToken !== before.credentials.refreshToken) return;
    const renewed: MicrosoftCredentials = { ...at.credentials, ...tokens };
    const sealed = seal(deps.keyring, Buffer.from(JSON.stringify(renewed)), `inbox/${inboxId}`);
    if (await replaceCredentials(deps.pool, inboxId, at.sealed, sealed)) return;
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<T>();
  const stop = (): void =>
    reject(
      new ChannelError(
        'not_sent',
        'The access could not be renewed within the time allowed; nothing was sent.',
      ),
    );
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  promise.catch(() => undefined); // the race tells
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}
