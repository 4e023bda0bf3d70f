/** Which web origins are ours: the public URL's, and on a developer's machine both names of the loopback address. */
import type { Config } from '../config.ts';

export function trustedOrigins(config: Pick<Config, 'publicUrl'>): string[] {
  const url = new URL(config.publicUrl);
  if (url.hostname !== '127.0.0.1' && url.hostname !== 'localhost') return [url.origin];
  return ['127.0.0.1', 'localhost'].map((hostname) => {
    const other = new URL(url);
    other.hostname = hostname;
    return other.origin;
  });
}
