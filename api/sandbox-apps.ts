/** The sandbox's own apps at the providers: secrets derived from ours, so that every process and every start agrees on them. */
import { derivedKey, type Keyring } from '#db/keyring.ts';
import type { ProviderAppName, ProviderApps } from '#domain/channel.ts';

const IDS: Readonly<Record<ProviderAppName, string>> = {
  meta: '1000000000000001',
  instagram: '1000000000000002',
  tiktok: '1000000000000003',
  microsoft: '1000000000000004',
};

export function sandboxApps(keyring: Keyring): ProviderApps {
  const secretOf = (use: string): string =>
    derivedKey(keyring, `sandbox/${use}`).toString('hex').slice(0, 32);
  const entries = (Object.keys(IDS) as ProviderAppName[]).map((provider) => [
    provider,
    {
      provider,
      id: IDS[provider],
      secret: secretOf(provider),
      ...(provider === 'meta' ? { verifyToken: secretOf('meta-verify') } : {}),
      sandbox: true,
    },
  ]);
  return Object.fromEntries(entries) as ProviderApps;
}
