import { ChannelError } from './contract.ts';

/**
 * `blocked`: refused by us, will be refused again. `not_sent`: provably nothing left (DNS, refused connection, TLS, time over while
 * connecting). `no_answer`: the request may have arrived. `too_large`: it was answered, with more than `maxBytes`.
 */
export type HttpErrorKind = 'blocked' | 'not_sent' | 'no_answer' | 'too_large';

export class HttpError extends Error {
  override name = 'HttpError';
  readonly kind: HttpErrorKind;
  /** Set when the status line had arrived before it went wrong. */
  readonly status: number | undefined;
  readonly headers: Record<string, string>;
  constructor(
    kind: HttpErrorKind,
    message: string,
    options: { cause?: unknown; status?: number; headers?: Record<string, string> } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
    this.headers = options.headers ?? {};
  }
}

/** What a send may conclude. A too large answer was an answer nobody read: the request has arrived, its outcome is not known. */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (!(error instanceof HttpError)) throw error;
  const kinds = {
    blocked: 'permanent',
    not_sent: 'not_sent',
    no_answer: 'no_answer',
    too_large: 'no_answer',
  } as const;
  return new ChannelError(kinds[error.kind], error.message, { cause: error });
}
