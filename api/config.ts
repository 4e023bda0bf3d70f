/** The environment, parsed once. The only place (with entry scripts and tests/support) that knows variable names. */
import path from 'node:path';
import { environmentSchema, PROVIDER_URL_NAMES, type ParsedEnvironment } from './environment.ts';

export interface TemporalConfig {
  address: string;
  namespace: string;
  apiKey: string | null;
  /** Null means plain text (the embedded server, a private network). Paths are read when connecting. */
  tls: TemporalTls | null;
}
export interface TemporalTls {
  serverName?: string;
  serverCa?: PemSource;
  clientCert?: PemSource;
  clientKey?: PemSource;
}
export type PemSource = { path: string } | { pem: string };
export interface ProviderApp {
  id: string;
  secret: string;
}

/** What a process that serves needs. `npm start` makes up what the environment leaves out (api/start.ts). */
export interface Config {
  host: string;
  port: number;
  /** No trailing slash. Webhook URLs and redirects are built from it. */
  publicUrl: string;
  /** Where this machine reaches us: the base of sandbox URLs. */
  loopbackUrl: string;
  /** Absolute. */
  home: string;
  databaseUrl: string;
  temporal: TemporalConfig;
  /** Temporal's own web UI, for links; null where nobody said. */
  temporalUiUrl: string | null;
  /** One key or several, comma-separated; see db/keyring.ts. */
  secretKey: string;
  adminEmail: string | null;
  adminPassword: string | null;
  apiKey: string | null;
  /** Which services `npm start` runs itself. */
  embedded: { postgres: boolean; temporal: boolean };
  /** Sandbox routes and sandbox inboxes; never with an external Postgres or Temporal. */
  sandbox: boolean;
  metricsToken: string | null;
  /** Hosts at private addresses that outbound HTTP may reach. */
  allowPrivateHosts: string[];
  /** Ports outbound HTTP never reaches at private addresses: our own Postgres and Temporal. */
  deniedPorts: number[];
  /** Explicit provider base URLs by variable name; what is absent is resolved per inbox. */
  providerUrls: Readonly<Record<string, string>>;
  metaApp: (ProviderApp & { verifyToken: string | null }) | null;
  instagramApp: ProviderApp | null;
  tiktokApp: ProviderApp | null;
  microsoftApp: ProviderApp | null;
  smtpUrl: string | null;
  mailFrom: string | null;
  managedEmailDomain: string | null;
  managedSmtpPort: number | null;
  /** What STARTTLS shows; null = a certificate of our own. */
  managedSmtpTls: { keyPath: string; certPath: string } | null;
  /** A folder or an s3:// URL. */
  mediaUrl: string;
  logLevel: string;
  /** Things the admin should know that stop nothing; logged at start. */
  warnings: string[];
}
/** Before the embedded services and generated secrets are there. */
export type StartConfig = Omit<Config, 'databaseUrl' | 'temporal' | 'secretKey'> & {
  databaseUrl: string | null;
  temporal: Omit<TemporalConfig, 'address'> & { address: string | null };
  secretKey: string | null;
};

/** Thrown with every bad variable at once; the message is made to be printed as it is. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    const these = problems.length === 1 ? 'this variable' : 'these variables';
    super(
      `Teloring didn't start: correct ${these} and start again; nothing was changed.\n  ${problems.join('\n  ')}`,
    );
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws ConfigError naming every missing or bad variable */
export function loadConfig(env: Environment): Config {
  const config = loadStartConfig(env);
  const missing: string[] = [];
  if (config.databaseUrl === null)
    missing.push('DATABASE_URL is missing (`npm start` brings its own Postgres).');
  if (config.temporal.address === null)
    missing.push('TEMPORAL_ADDRESS is missing (`npm start` brings its own Temporal).');
  if (config.secretKey === null)
    missing.push('TELORING_SECRET_KEY is missing (make one with: openssl rand -base64 32).');
  const { databaseUrl, secretKey, temporal } = config;
  if (databaseUrl === null || secretKey === null || temporal.address === null) throw new ConfigError(missing);
  return { ...config, databaseUrl, secretKey, temporal: { ...temporal, address: temporal.address } };
}

/** Like loadConfig, for `npm start`: a missing Postgres, Temporal or secret key is null, to be made up.  @throws ConfigError */
export function loadStartConfig(env: Environment): StartConfig {
  // An empty variable is an unset one: that is what `FOO= npm start` and compose files mean.
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = environmentSchema.safeParse(given);
  const problems = result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`);
  problems.push(...pairProblems(given));
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return assemble(result.data);
}

/** Variables that mean something only together. */
function pairProblems(env: Environment): string[] {
  const pairs = [
    ['META_APP_ID', 'META_APP_SECRET'],
    ['INSTAGRAM_APP_ID', 'INSTAGRAM_APP_SECRET'],
    ['TIKTOK_APP_ID', 'TIKTOK_APP_SECRET'],
    ['MICROSOFT_CLIENT_ID', 'MICROSOFT_CLIENT_SECRET'],
    ['SMTP_URL', 'MAIL_FROM'],
    ['MANAGED_SMTP_TLS_KEY_PATH', 'MANAGED_SMTP_TLS_CERT_PATH'],
  ] as const;
  return pairs.flatMap(([first, second]) => {
    if ((env[first] === undefined) === (env[second] === undefined)) return [];
    const [here, gone] = env[first] === undefined ? [second, first] : [first, second];
    return [`${gone} is missing: ${here} needs it.`];
  });
}

function assemble(env: ParsedEnvironment): StartConfig {
  const embedded = {
    postgres: env.TELORING_EMBEDDED?.includes('postgres') ?? env.DATABASE_URL === undefined,
    temporal: env.TELORING_EMBEDDED?.includes('temporal') ?? env.TEMPORAL_ADDRESS === undefined,
  };
  const allEmbedded = embedded.postgres && embedded.temporal;
  const warnings: string[] = [];
  if (env.TELORING_SANDBOX === true && !allEmbedded) {
    warnings.push(
      'TELORING_SANDBOX=1 is ignored: sandboxes exist only where Postgres and Temporal are embedded.',
    );
  }
  const loopbackUrl = `http://${urlHost(isEveryAddress(env.HOST) ? '127.0.0.1' : env.HOST)}:${env.PORT}`;
  const home = path.resolve(env.TELORING_HOME);
  return {
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.PUBLIC_URL ?? `http://${urlHost(env.HOST)}:${env.PORT}`,
    loopbackUrl,
    home,
    databaseUrl: env.DATABASE_URL ?? null,
    temporal: {
      address: env.TEMPORAL_ADDRESS ?? null,
      namespace: env.TEMPORAL_NAMESPACE,
      apiKey: env.TEMPORAL_API_KEY ?? null,
      tls: temporalTls(env),
    },
    temporalUiUrl: env.TEMPORAL_UI_URL ?? null,
    secretKey: env.TELORING_SECRET_KEY ?? null,
    adminEmail: env.TELORING_ADMIN_EMAIL ?? null,
    adminPassword: env.TELORING_ADMIN_PASSWORD ?? null,
    apiKey: env.TELORING_API_KEY ?? null,
    embedded,
    sandbox: (env.TELORING_SANDBOX ?? true) && allEmbedded,
    metricsToken: env.TELORING_METRICS_TOKEN ?? null,
    allowPrivateHosts:
      env.TELORING_ALLOW_PRIVATE_HOSTS ?? (allEmbedded ? ['localhost', '127.0.0.1', '::1'] : []),
    deniedPorts: ownPorts(env),
    providerUrls: Object.fromEntries(
      PROVIDER_URL_NAMES.flatMap((name) => {
        const url = env[name];
        return url === undefined ? [] : [[name, url]];
      }),
    ),
    metaApp: withToken(providerApp(env.META_APP_ID, env.META_APP_SECRET), env.META_VERIFY_TOKEN),
    instagramApp: providerApp(env.INSTAGRAM_APP_ID, env.INSTAGRAM_APP_SECRET),
    tiktokApp: providerApp(env.TIKTOK_APP_ID, env.TIKTOK_APP_SECRET),
    microsoftApp: providerApp(env.MICROSOFT_CLIENT_ID, env.MICROSOFT_CLIENT_SECRET),
    smtpUrl: env.SMTP_URL ?? null,
    mailFrom: env.MAIL_FROM ?? null,
    managedEmailDomain: env.MANAGED_EMAIL_DOMAIN ?? null,
    managedSmtpPort: env.MANAGED_SMTP_PORT ?? null,
    managedSmtpTls: tlsFiles(env.MANAGED_SMTP_TLS_KEY_PATH, env.MANAGED_SMTP_TLS_CERT_PATH),
    mediaUrl: env.MEDIA_URL ?? path.join(home, 'media'),
    logLevel: env.TELORING_LOG_LEVEL,
    warnings,
  };
}

/**
 * The base URLs of one inbox's provider, by the names of its channel definition: an explicit variable wins, else the sandbox's
 * path below our own loopback address, else the real host. No trailing slash; they may carry a path, so append to them.
 */
export function resolveProviderUrls(
  config: Pick<Config, 'providerUrls' | 'loopbackUrl'>,
  providerUrls: Readonly<Record<string, { env: string; real: string; sandboxPath: string }>>,
  sandbox: boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(providerUrls).map(([name, { env, real, sandboxPath }]) => {
      const resolved =
        explicitUrl(config.providerUrls, env) ?? (sandbox ? config.loopbackUrl + sandboxPath : real);
      return [name, resolved.replace(/\/+$/, '')];
    }),
  );
}

/** LINE's data host falls back to an explicit API host, so that one variable moves both. */
function explicitUrl(urls: Readonly<Record<string, string>>, name: string): string | undefined {
  return urls[name] ?? (name === 'LINE_DATA_URL' ? urls['LINE_API_URL'] : undefined);
}

function ownPorts(env: ParsedEnvironment): number[] {
  const ports = [...(env.TELORING_OWN_PORTS ?? [])];
  if (env.DATABASE_URL !== undefined) ports.push(Number(new URL(env.DATABASE_URL).port || 5432));
  if (env.TEMPORAL_ADDRESS !== undefined) ports.push(Number(env.TEMPORAL_ADDRESS.split(':').at(-1)));
  return [...new Set(ports)];
}

function temporalTls(env: ParsedEnvironment): TemporalTls | null {
  const tls: TemporalTls = {
    serverName: env.TEMPORAL_TLS_SERVER_NAME,
    serverCa: pemSource(env.TEMPORAL_TLS_SERVER_CA_CERT_PATH, env.TEMPORAL_TLS_SERVER_CA_CERT_DATA),
    clientCert: pemSource(env.TEMPORAL_TLS_CLIENT_CERT_PATH, env.TEMPORAL_TLS_CLIENT_CERT_DATA),
    clientKey: pemSource(env.TEMPORAL_TLS_CLIENT_KEY_PATH, env.TEMPORAL_TLS_CLIENT_KEY_DATA),
  };
  const mentioned = Object.values(tls).some((value) => value !== undefined);
  // An API key is never sent in plain text.
  return (env.TEMPORAL_TLS ?? (mentioned || env.TEMPORAL_API_KEY !== undefined)) ? tls : null;
}

function pemSource(file: string | undefined, pem: string | undefined): PemSource | undefined {
  if (pem !== undefined) return { pem };
  return file === undefined ? undefined : { path: path.resolve(file) };
}

function tlsFiles(key: string | undefined, cert: string | undefined): Config['managedSmtpTls'] {
  return key === undefined || cert === undefined
    ? null
    : { keyPath: path.resolve(key), certPath: path.resolve(cert) };
}

function providerApp(id: string | undefined, secret: string | undefined): ProviderApp | null {
  return id === undefined || secret === undefined ? null : { id, secret };
}
function withToken(app: ProviderApp | null, verifyToken: string | undefined): Config['metaApp'] {
  return app && { ...app, verifyToken: verifyToken ?? null };
}
function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
