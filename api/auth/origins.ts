/** Which web origins a URL of ours stands for: its own, and on a developer's machine both names of the loopback address. */
export function trustedOrigins(ours: string): string[] {
  const url = new URL(ours);
  if (url.hostname !== '127.0.0.1' && url.hostname !== 'localhost') return [url.origin];
  return ['127.0.0.1', 'localhost'].map((hostname) => {
    const other = new URL(url);
    other.hostname = hostname;
    return other.origin;
  });
}
