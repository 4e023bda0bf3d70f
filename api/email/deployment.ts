import { createAddressGuard } from '#channels/address-guard.ts';
import type { EmailDeployment } from '#channels/email/deps.ts';
import type { Keyring } from '#db/keyring.ts';
import type { Config } from '../config.ts';
import { emailReplyKeys } from './reply-keys.ts';

/** Where nobody said which port: the usual one without privileges. */
const DEFAULT_PORT = 2525;

export function managedPort({ managedSmtpPort }: Pick<Config, 'managedSmtpPort'>): number {
  return managedSmtpPort ?? DEFAULT_PORT;
}

/** What of email belongs to the deployment rather than to an inbox. */
export function emailDeployment({ config, keyring }: { config: Config; keyring: Keyring }): EmailDeployment {
  const guard = createAddressGuard({
    allowPrivateHosts: config.allowPrivateHosts,
    deniedPorts: config.deniedPorts,
  });
  return {
    managedDomain: config.managedEmailDomain,
    receivesAt: config.managedEmailDomain === null ? null : `${config.host}:${managedPort(config)}`,
    smtpUrl: config.smtpUrl,
    replyKeys: emailReplyKeys(keyring),
    resolveHost: (hostname, port) => guard.resolve(hostname, port),
  };
}
