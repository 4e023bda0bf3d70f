/** What the first start makes: the first person and workspace, and, where everything is embedded, something to look at. */
import { randomBytes, randomInt } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import type { ApiCredentials } from '#channels/api/definition.ts';
import type { LiveChatCredentials } from '#channels/live_chat/definition.ts';
import type { Db } from '#db/client.ts';
import type { Keyring } from '#db/keyring.ts';
import { hasWorkspace, seedDemo } from '#db/seed.ts';
import { createAuth } from './auth/auth.ts';
import { createFirstAdmin } from './auth/first-admin.ts';
import type { Config } from './config.ts';
import { readJsonIfThere, writePrivateFile } from './embedded/files.ts';
import { createLog } from './log.ts';

export interface FirstStartDeps {
  config: Pick<Config, 'home' | 'publicUrl' | 'embedded' | 'adminEmail' | 'adminPassword'>;
  engineDb: Db;
  keyring: Keyring;
  /** Where `npm run demo:send` listens for replies. */
  demoReceiverPort: number;
}
const adminSchema = z.object({ email: z.string(), password: z.string() });
export type FirstAdminLogin = z.infer<typeof adminSchema>;

export const demoInboxSchema = z.object({ inboxId: z.string(), secret: z.string(), receiverPort: z.int() });

export const demoFile = (home: string): string => path.join(home, 'demo-inbox.json');
const adminFile = (home: string): string => path.join(home, 'first-admin.json');
const owedFile = (home: string): string => path.join(home, 'first-start.json');

/**
 * Idempotent, and safe to repeat after a crash in the middle. Makes nothing where a workspace exists that this home didn't begin.
 * @returns the first person's login, or null where this home didn't make it
 */
export async function firstStart(deps: FirstStartDeps): Promise<FirstAdminLogin | null> {
  const { config, engineDb, keyring } = deps;
  const owed = readJsonIfThere(owedFile(config.home)) as { done?: boolean } | null;
  const known = adminSchema.safeParse(readJsonIfThere(adminFile(config.home)));
  if (owed?.done === true) return known.success ? known.data : null;
  if (owed === null) {
    if (await hasWorkspace(engineDb)) return known.success ? known.data : null;
    await writePrivateFile(owedFile(config.home), '{"done":false}\n');
  }

  // Written down before the account is made: a crash between the two must not lose the password.
  const login = known.success
    ? known.data
    : {
        email: config.adminEmail ?? 'admin@teloring.local',
        password: config.adminPassword ?? readablePassword(),
      };
  await writePrivateFile(adminFile(config.home), JSON.stringify(login) + '\n');
  const auth = createAuth({ config, engineDb, keyring, log: createLog('warn'), mailer: null });
  const { workspaceId, userId } = await createFirstAdmin(
    { auth, engineDb },
    { ...login, name: 'Admin', workspaceName: 'My workspace', slug: 'main' },
  );
  if (config.embedded.postgres && config.embedded.temporal) {
    const secret = randomBytes(32).toString('base64url');
    const receiverPort = deps.demoReceiverPort;
    const api: ApiCredentials = {
      callbackUrl: `http://127.0.0.1:${receiverPort}/replies`,
      idempotent: true,
      secret,
    };
    const liveChat: LiveChatCredentials = { allowedOrigins: [new URL(config.publicUrl).origin] };
    const seeded = await seedDemo(engineDb, keyring, {
      workspaceId,
      authorId: userId,
      credentials: { api, live_chat: liveChat },
    });
    if (seeded) {
      const demo = { inboxId: seeded.apiInboxId, secret, receiverPort };
      await writePrivateFile(demoFile(config.home), JSON.stringify(demo) + '\n');
    }
  }
  await writePrivateFile(owedFile(config.home), '{"done":true}\n');
  return login;
}

/** Letters and digits that can't be mistaken for one another, in groups: 100 bits. */
export function readablePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const group = (): string => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
