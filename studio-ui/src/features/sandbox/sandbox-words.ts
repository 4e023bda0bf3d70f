/** What the sandbox's switches are called, and what they do. */
export const FAULTS: readonly { kind: string; label: string; hint: string }[] = [
  {
    kind: 'rate_limited',
    label: 'Too many requests',
    hint: 'The provider asks us to wait; the message goes out later.',
  },
  { kind: 'server_error', label: 'Provider error', hint: 'A 5xx answer.' },
  { kind: 'no_answer', label: 'No answer', hint: 'The message arrives, its confirmation doesn’t.' },
  { kind: 'window_closed', label: 'Window closed', hint: 'The customer wrote too long ago.' },
  { kind: 'contact_unreachable', label: 'Unreachable', hint: 'The customer blocked us or is gone.' },
  {
    kind: 'token_expired',
    label: 'Token expired',
    hint: 'Every call is refused until the inbox is authorized again.',
  },
  {
    kind: 'permission_revoked',
    label: 'Permission revoked',
    hint: 'Somebody took our permission away at the provider.',
  },
];

export const REACTIONS = ['👍', '❤️', '😂', '😮', '🙏'] as const;

/** Which kind of media a file is for the phone. */
export function mediaKind(mimeType: string): 'image' | 'audio' | 'video' | 'file' {
  const family = mimeType.split('/')[0];
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}

/** In pieces: one call can't take as many arguments as a photo has bytes. */
export async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}
