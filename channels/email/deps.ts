/** What the email adapter is built from beside HTTP; a process that leaves something out sends or opens nothing that needs it. */
import type { LookupAddress } from 'node:dns';
import type { HttpClient } from '../http.ts';

export interface EmailAdapterDeps {
  http: HttpClient;
  /** Where originals are kept. */
  uploads?: { get(key: string): Promise<Uint8Array | null> };
  email?: EmailDeployment;
}

/** What of email belongs to the deployment. */
export interface EmailDeployment {
  /** The domain of managed addresses; null where the deployment has none. */
  managedDomain: string | null;
  /** Where this machine's mail server for that domain listens, `host:port`; null where it has none. */
  receivesAt: string | null;
  /** Takes the mails of managed inboxes; null where there is none. */
  smtpUrl: string | null;
  /** Keys of reply tokens, the signing one first. */
  replyKeys: readonly Uint8Array[];
  /** The checked addresses of a mail server. @throws HttpError blocked or not_sent */
  resolveHost: (hostname: string, port: number) => Promise<LookupAddress[]>;
}
