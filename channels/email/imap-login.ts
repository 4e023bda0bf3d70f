/** A signed-in IMAP connection, and what failed where there is none, in words an admin can act on. */
import { ImapFlow } from 'imapflow';
import { ChannelError } from '../contract.ts';
import { toChannelError } from '../http-error.ts';
import type { ServerLogin } from './definition.ts';
import type { EmailDeployment } from './deps.ts';
import { readable } from './smtp-failure.ts';

export interface ImapOptions {
  /** The checked addresses of the host. @throws HttpError */
  resolveHost: EmailDeployment['resolveHost'] | undefined;
  /** Tests with a certificate of their own. */
  ca?: string;
}

const CONNECT_MS = 10_000;

/** Connected and signed in; the caller ends it by `logout` or `close`. @throws ChannelError */
export async function openImap(login: ServerLogin, options: ImapOptions): Promise<ImapFlow> {
  const [address] = (await options.resolveHost?.(login.host, login.port).catch((error: unknown) => {
    throw toChannelError(error);
  })) ?? [{ address: login.host }];
  const client = new ImapFlow({
    host: address?.address ?? login.host,
    port: login.port,
    secure: login.secure,
    ...(/^[\d.]+$|:/.test(login.host) ? {} : { servername: login.host }),
    auth: { user: login.user, pass: login.password },
    tls: { minVersion: 'TLSv1.2', ...(options.ca === undefined ? {} : { ca: options.ca }) },
    logger: false,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
  });
  // An emitter's error that nobody hears ends the process; whoever uses the connection hears of it by their call.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.close();
    throw imapFailure(error, login.host);
  }
}

/** Which way an IMAP command failed, as the server said it. */
export function imapFailure(error: unknown, host: string): ChannelError {
  if (error instanceof ChannelError) return error;
  const told: { message: string; responseText?: string; authenticationFailed?: boolean; code?: string } =
    error instanceof Error ? error : { message: String(error) };
  const words = told.responseText ?? told.message;
  if (told.authenticationFailed)
    return new ChannelError('reauthorize', `${host} refused the login for incoming mail: ${words}`, {
      cause: error,
    });
  return new ChannelError('not_sent', `${host} can’t be used for incoming mail: ${readable(words)}`, {
    cause: error,
  });
}
