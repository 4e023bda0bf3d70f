/** How an address is forwarded to an inbox, and what its provider asks on the way. Pure. */
import type { AccountFact } from '../../lib/api/types.ts';

/** In the words of each provider's own pages. */
export const howToForward: readonly { name: string; steps: readonly string[] }[] = [
  {
    name: 'Gmail',
    steps: [
      'In Gmail open Settings, “See all settings”, “Forwarding and POP/IMAP”.',
      'Choose “Add a forwarding address” and paste the address above.',
      'Gmail sends a code to it. It appears on this page within a minute: confirm it there.',
      'Back in Gmail choose “Forward a copy of incoming mail to” this address, and save.',
    ],
  },
  {
    name: 'Microsoft 365',
    steps: [
      'In Outlook on the web open Settings, “Mail”, “Forwarding”.',
      'Switch forwarding on, paste the address above, and keep a copy if you want one. Save.',
      'Where it isn’t allowed, an administrator of Microsoft 365 has to allow automatic forwarding to other organisations first.',
    ],
  },
  {
    name: 'Others',
    steps: [
      'Look for “forwarding” or “redirect” in your provider’s settings, and paste the address above.',
      'If it sends a mail to confirm, that mail arrives in Conversations: open its link.',
      'Prefer “redirect” over “forward” where there is a choice: then customers’ addresses stay as they are.',
    ],
  },
];

export interface ForwardingConfirmation {
  provider: string;
  from: string;
  code: string;
  /** Only ever https. */
  link: string;
  at: string;
}

/** What a provider asked last. */
export function forwardingConfirmation(facts: readonly AccountFact[]): ForwardingConfirmation | null {
  const found = facts.find(({ change }) => change === 'forwarding_confirmation');
  if (!found) return null;
  const text = (key: string): string => {
    const value = found.facts[key];
    return typeof value === 'string' ? value : '';
  };
  const link = text('link');
  return {
    provider: text('provider') || 'The provider',
    from: text('from'),
    code: text('code'),
    link: link.startsWith('https://') ? link : '',
    at: found.at,
  };
}
