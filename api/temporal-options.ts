/** How to reach Temporal, embedded, self-hosted or in the cloud: for the client's Connection and the worker's NativeConnection. */
import { readFile } from 'node:fs/promises';
import type { PemSource, TemporalConfig } from './config.ts';

export interface TemporalConnectionOptions {
  address: string;
  apiKey?: string;
  tls?: {
    serverNameOverride?: string;
    serverRootCACertificate?: Buffer;
    clientCertPair?: { crt: Buffer; key: Buffer };
  };
}

/** @throws Error if a named certificate can't be read */
export async function temporalConnectionOptions(config: TemporalConfig): Promise<TemporalConnectionOptions> {
  const { address, apiKey, tls } = config;
  if (tls === null) return { address };
  const [ca, crt, key] = await Promise.all([tls.serverCa, tls.clientCert, tls.clientKey].map(read));
  return {
    address,
    ...(apiKey !== null && { apiKey }),
    tls: {
      ...(tls.serverName !== undefined && { serverNameOverride: tls.serverName }),
      ...(ca && { serverRootCACertificate: ca }),
      ...(crt && key && { clientCertPair: { crt, key } }),
    },
  };
}

async function read(source: PemSource | undefined): Promise<Buffer | undefined> {
  if (source === undefined) return undefined;
  return 'pem' in source ? Buffer.from(source.pem) : readFile(source.path);
}
