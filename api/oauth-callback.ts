/** Names that the beginning and the end of a sign-in share. */
import type { Config } from './config.ts';

export function callbackUrl(config: Pick<Config, 'publicUrl'>, provider: 'microsoft'): string {
  return `${config.publicUrl}/oauth/${provider}/callback`;
}

/** PKCE's verifier opens for its own state only. */
export const verifierPurpose = (state: string): string => `oauth/${state}`;
