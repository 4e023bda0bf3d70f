/** A connection to an IMAP server, to checked addresses only and never with a password in plain sight; failures in the server's words. */
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { ImapFlow } from 'imapflow';
import { isPublicAddress } from '../../address-guard.ts';
import { ChannelError } from '../../contract.ts';
import type { ServerLogin } from '../definition.ts';
import { explain } from './errors.ts';
import { MAX_RAW_BYTES } from './limits.ts';

export interface ImapConnectDeps {
  /** The checked addresses of a mail server. @throws HttpError blocked or not_sent */
  resolveHost(hostname: string, port: number): Promise<LookupAddress[]>;
  /** How long a server may take over one answer before it is hung up on. */
  answerMs?: number;
}

const CONNECT_MS = 20_000;
const ANSWER_MS = 60_000;
const patience = new WeakMap<ImapFlow, number>();
/** Past it nothing is said any more: the connection is cut. Waiting for news is renewed well before. */
const SILENCE_MS = 5 * 60_000;
/** Of a host with several addresses, so many are tried. */
const ADDRESSES = 3;

/**
 * Connects and signs in. The connection is closed when `signal` aborts.
 * @throws ChannelError reauthorize (login refused), permanent (certificate, plain text, address), not_sent (all that passes by itself)
 */
export async function openImap(
  deps: ImapConnectDeps,
  login: ServerLogin,
  signal: AbortSignal,
): Promise<ImapFlow> {
  const host = login.host.replace(/^\[(.*)\]$/, '$1');
  const addresses = await deps.resolveHost(host, login.port).catch((error: unknown) => {
    throw explain(error, host);
  });
  let failure: unknown = new Error('The host has no address.');
  for (const { address } of addresses.slice(0, ADDRESSES)) {
    if (signal.aborted) break;
    const client = newClient(login, host, address);
    const close = (): void => client.close();
    signal.addEventListener('abort', close);
    client.once('close', () => signal.removeEventListener('abort', close));
    try {
      await client.connect();
      patience.set(client, deps.answerMs ?? ANSWER_MS);
      return client;
    } catch (error) {
      client.close();
      signal.removeEventListener('abort', close);
      failure = explain(error, host);
      // It answered: another address of it would say the same.
      if (failure instanceof ChannelError && failure.kind !== 'not_sent') throw failure;
    }
  }
  throw explain(failure, host);
}

function newClient(login: ServerLogin, host: string, address: string): ImapFlow {
  const client = new ImapFlow({
    host: address,
    port: login.port,
    secure: login.secure,
    ...(isIP(host) === 0 && { servername: host }),
    // A password leaves in plain text only inside a network whose hosts the operator has allowed.
    ...(!login.secure && isPublicAddress(address) && { doSTARTTLS: true }),
    tls: { minVersion: 'TLSv1.2', ...(isIP(host) === 0 && { servername: host }) },
    auth: { user: login.user, pass: login.password },
    clientInfo: { name: 'Teloring' },
    logger: false,
    disableAutoIdle: true,
    disableCompression: true,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    maxLineLength: 16 * 1024 * 1024,
    maxLiteralSize: MAX_RAW_BYTES + 1024 * 1024,
    maxResponseSize: MAX_RAW_BYTES + 4 * 1024 * 1024,
  });
  // What was under way rejects with it; without a listener it would end the process.
  client.on('error', () => undefined);
  return client;
}

/** Says goodbye for a moment, then hangs up. Never throws. */
export async function leaveImap(client: ImapFlow): Promise<void> {
  const late = setTimeout(() => client.close(), 2_000);
  try {
    if (client.usable) await client.logout();
  } catch {
    // It hung up first.
  } finally {
    clearTimeout(late);
    client.close();
  }
}

/**
 * One command, or several that follow one another quickly.
 * @throws ChannelError; a server that doesn't answer in time is hung up on
 */
export async function asking<T>(
  client: ImapFlow,
  what: string,
  command: () => Promise<T>,
  timeoutMs = patience.get(client) ?? ANSWER_MS,
): Promise<T> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    client.close();
  }, timeoutMs);
  try {
    return await command();
  } catch (error) {
    if (late)
      throw new ChannelError(
        'no_answer',
        `The mail server didn’t answer within ${timeoutMs / 1000} seconds (${what}).`,
        { cause: error },
      );
    throw explain(error, what);
  } finally {
    clearTimeout(timer);
  }
}
