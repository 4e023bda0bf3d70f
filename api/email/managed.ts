/** Managed email in this process: the mail server, where the deployment has a domain for it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ApiDeps } from '../deps.ts';
import { keptText } from '../embedded/files.ts';
import { managedPort } from './deployment.ts';
import { createManagedAddresses } from './managed-addresses.ts';
import { createEmailReceiver } from './receive.ts';
import { selfSigned, type Certificate } from './self-signed.ts';
import { startManagedSmtp, type ManagedSmtp } from './smtp-server.ts';

/** Null where the deployment has no domain for mail. @throws Error where it can't listen */
export async function openManagedEmail(deps: ApiDeps): Promise<ManagedSmtp | null> {
  const { managedEmailDomain: domain, host } = deps.config;
  if (domain === null) return null;
  const smtp = await startManagedSmtp(
    { receiver: createEmailReceiver(deps), inboxOf: createManagedAddresses(deps, domain), log: deps.log },
    {
      domain,
      host,
      port: managedPort(deps.config),
      certificate: await certificateOf(deps.config, domain),
      hideTls: domain.endsWith('.localhost') && deps.config.managedSmtpTls === null,
    },
  );
  deps.log.info({ domain, port: smtp.port }, 'taking mail');
  return smtp;
}

/** The configured files, or one of our own that is made once. */
async function certificateOf(
  { home, managedSmtpTls }: Pick<ApiDeps['config'], 'home' | 'managedSmtpTls'>,
  domain: string,
): Promise<Certificate> {
  if (managedSmtpTls) {
    const [key, cert] = await Promise.all([
      readFile(managedSmtpTls.keyPath, 'utf8'),
      readFile(managedSmtpTls.certPath, 'utf8'),
    ]);
    return { key, cert };
  }
  const kept = await keptText(path.join(home, 'smtp-certificate.json'), () =>
    JSON.stringify(selfSigned(domain, Date.now())),
  );
  return JSON.parse(kept) as Certificate;
}
