/** What went wrong with an IMAP server, and whether it passes by itself: by codes, in the server's own words. */
import { ChannelError } from '../../contract.ts';
import { HttpError, toChannelError } from '../../http-error.ts';

/** Refused logins that say nothing about the password (RFC 5530). */
const PASSING = new Set(['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG', 'OVERQUOTA']);
const CERTIFICATE =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/;
/** The other side doesn't speak TLS as we do. */
const NO_TLS = /^(EPROTO|ERR_SSL_\w+)$/;

/** imapflow's errors, by the fields we read. */
interface Failure {
  code?: unknown;
  authenticationFailed?: unknown;
  serverResponseCode?: unknown;
  responseText?: unknown;
  responseStatus?: unknown;
  tlsFailed?: unknown;
  mailboxMissing?: unknown;
  throttleReset?: unknown;
}

/** @param about the host, or what was asked for */
export function explain(error: unknown, about: string): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpError) return toChannelError(error);
  const failure: Failure = typeof error === 'object' && error !== null ? error : {};
  const code = typeof failure.code === 'string' ? failure.code : '';
  const message = error instanceof Error ? error.message : String(error);
  const words =
    typeof failure.responseText === 'string' && failure.responseText !== '' ? failure.responseText : message;
  const passing = (text: string): ChannelError => new ChannelError('not_sent', text, { cause: error });
  const lasting = (text: string): ChannelError => new ChannelError('permanent', text, { cause: error });

  if (failure.authenticationFailed === true) {
    const why = typeof failure.serverResponseCode === 'string' ? failure.serverResponseCode : '';
    if (PASSING.has(why)) return passing(`The mail server can’t sign us in just now: “${words}”`);
    return new ChannelError('reauthorize', `The mail server refused the login: “${words}”`, {
      ...(why !== '' && { providerCode: why }),
      cause: error,
    });
  }
  if (CERTIFICATE.test(code))
    return lasting(
      `The certificate of ${about} can’t be trusted: ${message}. Check the server’s name, or have its certificate corrected.`,
    );
  if (NO_TLS.test(code))
    return lasting(
      `${about} doesn’t speak TLS on this port as we asked (${code}). Check the port and “TLS from the start”.`,
    );
  if (failure.tlsFailed === true)
    return lasting(
      `${about} offers no encryption on this port (${words}), so no password was sent. Use its TLS port.`,
    );
  if (failure.mailboxMissing === true) return lasting(`The mail server doesn’t know the folder: “${words}”`);
  if (typeof failure.throttleReset === 'number')
    return new ChannelError('retry_after', `The mail server asks for patience: “${words}”`, {
      retryAfterMs: failure.throttleReset,
      cause: error,
    });
  return passing(`${PLAIN[code] ?? `The mail server failed: ${words}`} (${about})`);
}

const PLAIN: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The mail server refused the connection',
  ECONNRESET: 'The mail server cut the connection',
  EHOSTUNREACH: 'The mail server can’t be reached',
  ENETUNREACH: 'The mail server can’t be reached',
  ETIMEDOUT: 'The mail server didn’t answer',
  ETIMEOUT: 'The mail server fell silent',
  CONNECT_TIMEOUT: 'The mail server can’t be reached in time',
  GREETING_TIMEOUT: 'The mail server didn’t greet in time',
  EConnectionClosed: 'The mail server closed the connection',
  NoConnection: 'The mail server closed the connection',
  ClosedAfterConnectTLS: 'The mail server closed the connection at once',
  ClosedAfterConnectText: 'The mail server closed the connection at once',
};
