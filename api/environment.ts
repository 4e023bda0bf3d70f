/** Every variable of the environment, by name: what it must look like. api/config.ts says what it means. */
import { z } from 'zod';

export const PROVIDER_URL_NAMES = [
  'META_GRAPH_URL',
  'META_DIALOG_URL',
  'META_OAUTH_URL',
  'INSTAGRAM_GRAPH_URL',
  'INSTAGRAM_DIALOG_URL',
  'INSTAGRAM_OAUTH_URL',
  'TELEGRAM_API_URL',
  'LINE_API_URL',
  'LINE_DATA_URL',
  'TWILIO_API_URL',
  'TIKTOK_API_URL',
  'TIKTOK_AUTH_URL',
  'MICROSOFT_GRAPH_URL',
  'MICROSOFT_LOGIN_URL',
] as const;

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .transform((text) => text.replace(/\/+$/, ''));
const text = z.string();
const portNumber = z.coerce
  .number({ error: 'must be a port number' })
  .int('must be a port number')
  .min(1, 'must be a port number from 1 to 65535')
  .max(65_535, 'must be a port number from 1 to 65535');
const flag = z
  .enum(['0', '1', 'true', 'false'], { error: 'must be 1 or 0' })
  .transform((value) => value === '1' || value === 'true');
const secretKeys = text.refine(
  (value) => value.split(',').every((part) => /^[A-Za-z0-9+/_-]{43}=?$/.test(part.trim())),
  'must be 32 bytes in base64 (make one with: openssl rand -base64 32); several are separated by commas, the first seals',
);
const hostAndPort = text.regex(
  /^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/,
  'must be host:port, such as 127.0.0.1:7233',
);
const commaList = text.transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

export const environmentSchema = z.object({
  PORT: portNumber.default(4100),
  HOST: text.regex(/^[^\s/]+$/, 'must be an address to listen on').default('127.0.0.1'),
  PUBLIC_URL: httpUrl.optional(),
  TELORING_HOME: text.default('.teloring'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, hostname: /.*/, error: 'must be a postgres:// URL' })
    .optional(),
  TEMPORAL_ADDRESS: hostAndPort.optional(),
  TEMPORAL_NAMESPACE: text.default('default'),
  TEMPORAL_UI_URL: httpUrl.optional(),
  TEMPORAL_API_KEY: text.optional(),
  TEMPORAL_TLS: flag.optional(),
  TEMPORAL_TLS_SERVER_NAME: text.optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: text.optional(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: text.optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: text.optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: text.optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: text.optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: text.optional(),
  TELORING_ADMIN_EMAIL: z.email('must be an email address').optional(),
  TELORING_ADMIN_PASSWORD: text
    .min(8, 'must have at least 8 characters')
    .max(128, 'must have at most 128 characters')
    .optional(),
  TELORING_API_KEY: text.min(32, 'must have at least 32 characters').optional(),
  TELORING_SECRET_KEY: secretKeys.optional(),
  TELORING_SANDBOX: flag.optional(),
  TELORING_METRICS_TOKEN: text.optional(),
  TELORING_ALLOW_PRIVATE_HOSTS: commaList.optional(),
  META_APP_ID: text.optional(),
  META_APP_SECRET: text.optional(),
  META_VERIFY_TOKEN: text.optional(),
  INSTAGRAM_APP_ID: text.optional(),
  INSTAGRAM_APP_SECRET: text.optional(),
  TIKTOK_APP_ID: text.optional(),
  TIKTOK_APP_SECRET: text.optional(),
  MICROSOFT_CLIENT_ID: text.optional(),
  MICROSOFT_CLIENT_SECRET: text.optional(),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, hostname: /.*/, error: 'must be an smtp:// or smtps:// URL' })
    .optional(),
  MAIL_FROM: text.optional(),
  MANAGED_EMAIL_DOMAIN: text
    .regex(/^[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$/, 'must be a domain, such as mail.example.com')
    .transform((domain) => domain.toLowerCase())
    .optional(),
  MANAGED_SMTP_PORT: portNumber.optional(),
  MANAGED_SMTP_TLS_KEY_PATH: text.optional(),
  MANAGED_SMTP_TLS_CERT_PATH: text.optional(),
  MEDIA_URL: text.optional(),
  TELORING_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      error: 'must be trace, debug, info, warn, error or silent',
    })
    .default('info'),
  // Said by `npm start` to the server it starts: which services are ours, and the ports they listen on.
  TELORING_EMBEDDED: commaList.optional(),
  TELORING_OWN_PORTS: commaList.transform((ports) => ports.map(Number)).optional(),
  ...(Object.fromEntries(PROVIDER_URL_NAMES.map((name) => [name, httpUrl.optional()])) as Record<
    (typeof PROVIDER_URL_NAMES)[number],
    z.ZodOptional<typeof httpUrl>
  >),
});
export type ParsedEnvironment = z.infer<typeof environmentSchema>;
