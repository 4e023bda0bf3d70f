/** What developers of the website paste: the script, calls, and what their server signs. Pure. */

/** The methods that may be called before the widget is there; `on` answers with what stops it. */
const METHODS = [
  'open',
  'close',
  'toggle',
  'hide',
  'show',
  'identify',
  'logout',
  'setFields',
  'setLanguage',
  'setTheme',
  'on',
  'off',
] as const;

/** Keeps calls from before the widget's script has loaded. */
export function stubSnippet(): string {
  return `<script>
  window.Teloring ||= ((q) =>
    Object.fromEntries([['q', q]].concat('${METHODS.join(' ')}'.split(' ').map((name) => [
      name, (...args) => { q.push([name, args]); return () => name === 'on' && Teloring.off(...args); },
    ]))))([]);
</script>`;
}

export const callsExample = `// From anywhere in your page; none of these ever throws.
Teloring.open('I have a question about my order');
Teloring.setFields({ plan: 'pro', cart: 3 });
Teloring.setLanguage('de');

const stop = Teloring.on('unread', ({ count }) => {
  document.querySelector('#chat-count').textContent = count;
});
Teloring.on('conversation_started', () => analytics.track('Chat started'));`;

export const identifyExample = `Teloring.identify({
  id: 'customer-4711',          // your own id, the same on every device
  hash: '…',                    // made on your server, see below
  name: 'Ada Lovelace',
  email: 'ada@example.com',
});
// When they sign out:
Teloring.logout();`;

export const SERVERS = { node: 'Node.js', php: 'PHP', python: 'Python', ruby: 'Ruby' } as const;
export type Server = keyof typeof SERVERS;

/** hex HMAC-SHA256 of the id with the inbox's identity secret. */
export const hashExamples: Readonly<Record<Server, string>> = {
  node: `import { createHmac } from 'node:crypto';

// identitySecret: as made in Settings; it never leaves your server.
const hash = createHmac('sha256', identitySecret)
  .update(customer.id)
  .digest('hex');`,
  php: `$hash = hash_hmac('sha256', $customer->id, getenv('TELORING_IDENTITY_SECRET'));`,
  python: `import hashlib, hmac, os

hash = hmac.new(
    os.environ["TELORING_IDENTITY_SECRET"].encode(),
    customer.id.encode(),
    hashlib.sha256,
).hexdigest()`,
  ruby: `require "openssl"

hash = OpenSSL::HMAC.hexdigest("SHA256", ENV.fetch("TELORING_IDENTITY_SECRET"), customer.id)`,
};

/** What a page with a Content-Security-Policy has to allow. Styles need nothing: the widget brings none as text. */
export const policyLines = (origin: string): string =>
  `script-src ${origin};\nconnect-src ${origin};\nframe-src ${origin};`;
