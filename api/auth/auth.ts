/** Passwords, sessions and the active workspace, by better-auth on our own tables. */
import { betterAuth } from 'better-auth';
import { createAccessControl } from 'better-auth/plugins/access';
import { organization } from 'better-auth/plugins/organization';
import type { Logger } from 'pino';
import type { Db } from '#db/client.ts';
import { derivedKey, type Keyring } from '#db/keyring.ts';
import { firstMembership } from '#db/members.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { Config } from '../config.ts';
import { columns } from './columns.ts';
import type { Mailer } from './mailer.ts';
import { trustedOrigins } from './origins.ts';

/** Set by us on every request handed to the library: the address the connection really has. */
export const CLIENT_ADDRESS_HEADER = 'x-teloring-client-address';

export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 128;

export interface AuthDeps {
  config: Pick<Config, 'publicUrl'>;
  /** The engine's: the library reads memberships of every workspace. */
  engineDb: Db;
  keyring: Keyring;
  log: Logger;
  /** Null where no mail server is configured: passwords are then reset by an admin's invitation. */
  mailer: Mailer | null;
}

/** Sign-up is closed: accounts come from an invitation (accept.ts) or from the first start (first-admin.ts). */
export function createAuth({ config, engineDb, keyring, log, mailer }: AuthDeps) {
  const access = createAccessControl({ workspace: ['read'] });
  const member = access.newRole({ workspace: ['read'] });
  return betterAuth({
    appName: 'Teloring',
    baseURL: config.publicUrl,
    basePath: '/api/auth',
    secret: derivedKey(keyring, 'sessions').toString('base64url'),
    database: { db: engineDb, type: 'postgres', transaction: true },
    trustedOrigins: trustedOrigins(config.publicUrl),
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      log: (level, message) => log[level === 'error' ? 'error' : 'warn']({ from: 'auth' }, message),
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: MIN_PASSWORD_LENGTH,
      maxPasswordLength: MAX_PASSWORD_LENGTH,
      revokeSessionsOnPasswordReset: true,
      ...(mailer && {
        sendResetPassword: async ({ user, url }) => {
          await mailer.send({
            to: user.email,
            subject: 'Reset your Teloring password',
            text: `Somebody, probably you, asked to reset your password. Open this link within an hour:\n\n${url}\n\nIf it wasn't you, ignore this message; nothing was changed.`,
          });
        },
      }),
    },
    session: { ...columns.session, expiresIn: 7 * 24 * 3600, updateAge: 24 * 3600 },
    user: { ...columns.user, changeEmail: { enabled: false }, deleteUser: { enabled: false } },
    account: { ...columns.account, accountLinking: { enabled: false } },
    verification: { ...columns.verification, storeIdentifier: 'hashed' },
    rateLimit: {
      ...columns.rateLimit,
      enabled: true,
      storage: 'database',
      window: 60,
      max: 300,
      customRules: {
        '/sign-in/email': { window: 60, max: 60 },
        '/request-password-reset': { window: 300, max: 5 },
        '/reset-password': { window: 300, max: 10 },
        '/change-password': { window: 60, max: 10 },
        '/get-session': false,
      },
    },
    advanced: {
      cookiePrefix: 'teloring',
      useSecureCookies: config.publicUrl.startsWith('https:'),
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
      database: { generateId: () => uuidV7() },
    },
    databaseHooks: {
      session: {
        create: {
          // A session begins in the workspace the person joined first; set-active changes it.
          before: async (session) => {
            const first = await firstMembership(engineDb, session.userId);
            return { data: { ...session, activeOrganizationId: first?.workspaceId ?? null } };
          },
        },
      },
    },
    plugins: [
      organization({
        ac: access,
        roles: { admin: member, builder: member, operator: member, agent: member },
        creatorRole: 'admin',
        allowUserToCreateOrganization: false,
        disableOrganizationDeletion: true,
        schema: columns.organization,
      }),
    ],
  });
}

export type Auth = ReturnType<typeof createAuth>;
