/** What the sandbox's switches are called, and what they do. */
export const FAULTS: readonly { kind: string; label: string; hint: string; needs?: string }[] = [
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
  {
    kind: 'send_as_denied',
    label: 'Sender denied',
    hint: 'The account may not send from this address.',
    needs: 'provider',
  },
  {
    kind: 'mailbox_disabled',
    label: 'Mailbox disabled',
    hint: 'The mailbox has no licence, or is hosted elsewhere.',
    needs: 'provider',
  },
  {
    kind: 'resync_required',
    label: 'Place forgotten',
    hint: 'The provider has forgotten how far we had read, so that we read again from before.',
    needs: 'provider',
  },
];

/** What the provider does to our connection by itself. */
export const PROVIDER_EVENTS: readonly { event: string; label: string; hint: string }[] = [
  {
    event: 'subscription_lost',
    label: 'Lose the subscription',
    hint: 'New mails are told to nobody, and nobody says so.',
  },
  {
    event: 'subscription_removed',
    label: 'End the subscription',
    hint: 'It is ended, and we are told.',
  },
  {
    event: 'reauthorization_required',
    label: 'Ask for authorization',
    hint: 'Nothing is told until we have shown once more that we may know.',
  },
  {
    event: 'notifications_missed',
    label: 'Say that news was missed',
    hint: 'We look for what we were not told of.',
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
