/** Accounts made by us (an accepted invitation, the first start): sign-up itself is closed. */
import type { Db } from '#db/client.ts';
import { setPasswordHash } from '#db/passwords.ts';
import type { Auth } from './auth.ts';

export interface NewAccount {
  email: string;
  name: string;
  password: string;
}

/** Email addresses are compared in lower case everywhere. */
export const normalEmail = (email: string): string => email.trim().toLowerCase();

/**
 * Makes a person with a password. Their address counts as verified: whoever calls this has seen proof (the invitation's link,
 * the deployment's own configuration).
 * @returns the user's id
 */
export async function createAccount(auth: Auth, account: NewAccount): Promise<string> {
  const context = await auth.$context;
  const password = await context.password.hash(account.password);
  const user = await context.internalAdapter.createUser(
    { email: normalEmail(account.email), name: account.name, emailVerified: true },
    { method: 'email-password' },
  );
  await context.internalAdapter.linkAccount({
    userId: user.id,
    providerId: 'credential',
    accountId: user.id,
    password,
  });
  return user.id;
}

/**
 * A new password for a person who is there, who is then signed out everywhere. Whoever calls this has proof of another kind (the
 * machine itself).
 * @returns false where nobody has this address
 */
export async function replacePassword(
  { auth, engineDb }: { auth: Auth; engineDb: Db },
  email: string,
  password: string,
): Promise<boolean> {
  const context = await auth.$context;
  const hashed = await context.password.hash(password);
  return setPasswordHash(engineDb, normalEmail(email), hashed);
}
