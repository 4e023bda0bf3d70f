/** Logging. Secrets never reach a line: known keys are replaced, and text is searched for tokens in URLs and headers. */
import { pino, type Logger } from 'pino';

export type Log = Logger;

const SECRET_KEYS = [
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'secret',
  'secretKey',
  'token',
  'apiKey',
  'botToken',
  'accessToken',
  'refreshToken',
  'authToken',
  'credentials',
  'databaseUrl',
  'x-teloring-signature',
  'x-telegram-bot-api-secret-token',
];

/** @param destination where lines go instead of stdout; for tests */
export function createLog(level: string, destination?: { write(line: string): void }): Log {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => censorFields(fields, 0),
    },
    hooks: {
      logMethod(
        this: Logger,
        args: Parameters<Logger['info']>,
        method: (...args: Parameters<Logger['info']>) => void,
      ) {
        method.apply(this, withCensoredText(args));
      },
    },
    serializers: { err: censorError, error: censorError },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** pino makes the line's text from an error that comes without one; it gets a censored one first. */
function withCensoredText(args: readonly unknown[]): Parameters<Logger['info']> {
  const [first, ...rest] = args.map((arg) => (typeof arg === 'string' ? censorText(arg) : arg));
  const error = first instanceof Error ? first : errorOf(first);
  const text = error && rest.length === 0 ? [censorText(error.message)] : rest;
  return [first instanceof Error ? { err: first } : first, ...text] as Parameters<Logger['info']>;
}
function errorOf(fields: unknown): Error | null {
  return typeof fields === 'object' && fields !== null && 'err' in fields && fields.err instanceof Error
    ? fields.err
    : null;
}

const secretKeys = new Set(SECRET_KEYS.map((key) => key.toLowerCase()));
const replacements: readonly (readonly [RegExp, string])[] = [
  // https://api.telegram.org/bot<id>:<token>/… also where the id's colon is escaped
  [/\/(file\/)?bot\d{3,}(:|%3A)[\w-]{10,}/gi, '/$1bot[secret]'],
  // scheme://user:password@host
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi, '$1:[secret]@'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 [secret]'],
  [
    /([?&](?:access_token|token|secret|sig|signature|code|state|client_secret|api_key|key)=)[^&\s"']+/gi,
    '$1[secret]',
  ],
];

/** Replaces tokens in URLs, URL passwords and authorization values. */
export function censorText(text: string): string {
  return replacements.reduce(
    (current, [pattern, replacement]) => current.replace(pattern, replacement),
    text,
  );
}

function censorFields(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      secretKeys.has(key.toLowerCase()) && value !== undefined && value !== null
        ? '[secret]'
        : censorValue(value, depth + 1),
    ]),
  );
}

function censorValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return censorText(value);
  if (value instanceof Error) return censorError(value, depth);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  if (depth > 6) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => censorValue(item, depth + 1));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return censorFields(value as Record<string, unknown>, depth);
}

function censorError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return censorValue(error, depth + 1);
  const { name, message, stack, cause, ...rest } = error;
  return {
    ...censorFields(rest, depth + 1),
    type: error.name || name,
    message: censorText(error.message || message),
    ...(stack && { stack: censorText(stack) }),
    ...(cause !== undefined && depth < 5 && { cause: censorError(cause, depth + 1) }),
  };
}
