/** Servers of well-known mail providers, by the domain of an address. Pure. */
import type { FormValues } from './credential-form.ts';

interface Servers {
  name: string;
  imap: string;
  smtp: string;
  /** 587 with STARTTLS rather than 465 with TLS. */
  startTls?: true;
  /** What has to be done there first. */
  note?: string;
  /** They take no passwords any more. */
  isMicrosoft?: true;
}

const appPassword = (where: string): string =>
  `takes an app password here, not the account’s own: make one at ${where}.`;

const PROVIDERS: readonly [domains: string, servers: Servers][] = [
  [
    'gmail.com googlemail.com',
    {
      name: 'Gmail',
      imap: 'imap.gmail.com',
      smtp: 'smtp.gmail.com',
      note: `Gmail ${appPassword('myaccount.google.com/apppasswords')}`,
    },
  ],
  [
    'outlook.com hotmail.com live.com msn.com office365.com',
    {
      name: 'Microsoft',
      imap: 'outlook.office365.com',
      smtp: 'smtp.office365.com',
      startTls: true,
      isMicrosoft: true,
    },
  ],
  [
    'yahoo.com yahoo.co.uk yahoo.de yahoo.fr ymail.com rocketmail.com',
    {
      name: 'Yahoo',
      imap: 'imap.mail.yahoo.com',
      smtp: 'smtp.mail.yahoo.com',
      note: `Yahoo ${appPassword('login.yahoo.com/account/security')}`,
    },
  ],
  [
    'icloud.com me.com mac.com',
    {
      name: 'iCloud',
      imap: 'imap.mail.me.com',
      smtp: 'smtp.mail.me.com',
      startTls: true,
      note: `iCloud ${appPassword('account.apple.com')}`,
    },
  ],
  [
    'fastmail.com fastmail.fm',
    {
      name: 'Fastmail',
      imap: 'imap.fastmail.com',
      smtp: 'smtp.fastmail.com',
      note: `Fastmail ${appPassword('Settings › Privacy & Security')}`,
    },
  ],
  [
    'gmx.de gmx.net gmx.at gmx.ch',
    {
      name: 'GMX',
      imap: 'imap.gmx.net',
      smtp: 'mail.gmx.net',
      note: 'GMX lets programs in once IMAP is switched on in its settings.',
    },
  ],
  [
    'gmx.com',
    {
      name: 'GMX',
      imap: 'imap.gmx.com',
      smtp: 'mail.gmx.com',
      note: 'GMX lets programs in once IMAP is switched on in its settings.',
    },
  ],
  [
    'web.de',
    {
      name: 'WEB.DE',
      imap: 'imap.web.de',
      smtp: 'smtp.web.de',
      startTls: true,
      note: 'WEB.DE lets programs in once IMAP is switched on in its settings.',
    },
  ],
  [
    't-online.de',
    {
      name: 'Telekom',
      imap: 'secureimap.t-online.de',
      smtp: 'securesmtp.t-online.de',
      note: 'Telekom wants its own email password here.',
    },
  ],
  ['zoho.com zohomail.com', { name: 'Zoho', imap: 'imap.zoho.com', smtp: 'smtp.zoho.com' }],
  ['zoho.eu zohomail.eu', { name: 'Zoho', imap: 'imap.zoho.eu', smtp: 'smtp.zoho.eu' }],
  [
    'aol.com',
    {
      name: 'AOL',
      imap: 'imap.aol.com',
      smtp: 'smtp.aol.com',
      note: `AOL ${appPassword('login.aol.com/account/security')}`,
    },
  ],
  ['mailbox.org', { name: 'mailbox.org', imap: 'imap.mailbox.org', smtp: 'smtp.mailbox.org' }],
  ['posteo.de posteo.net', { name: 'Posteo', imap: 'posteo.de', smtp: 'posteo.de' }],
  ['yandex.com yandex.ru', { name: 'Yandex', imap: 'imap.yandex.com', smtp: 'smtp.yandex.com' }],
  ['free.fr', { name: 'Free', imap: 'imap.free.fr', smtp: 'smtp.free.fr' }],
  ['orange.fr wanadoo.fr', { name: 'Orange', imap: 'imap.orange.fr', smtp: 'smtp.orange.fr' }],
  ['libero.it', { name: 'Libero', imap: 'imapmail.libero.it', smtp: 'smtp.libero.it' }],
];
const BY_DOMAIN = new Map(
  PROVIDERS.flatMap(([domains, servers]) => domains.split(' ').map((domain) => [domain, servers] as const)),
);
/** Providers of domains of one's own, by a server that is already entered. */
const BY_HOST = new Map(PROVIDERS.map(([, servers]) => [servers.imap, servers]));

const text = (values: FormValues, key: string): string => String(values[key] ?? '').trim();
const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

function providerOf(values: FormValues): Servers | undefined {
  return BY_DOMAIN.get(domainOf(text(values, 'address'))) ?? BY_HOST.get(text(values, 'imap.host'));
}

/** Usual ports, by whether TLS is there from the start. */
const PORTS: Record<'imap' | 'smtp', { tls: string; startTls: string }> = {
  imap: { tls: '993', startTls: '143' },
  smtp: { tls: '465', startTls: '587' },
};

/** What follows from what was just entered. What somebody wrote themselves stays. */
export function prefilledMail(before: FormValues, now: FormValues, changed: string): FormValues {
  if (now['kind'] !== 'imap') return now;
  if (changed === 'address') return fromAddress(before, now);
  for (const way of ['imap', 'smtp'] as const) {
    if (changed !== `${way}.secure`) continue;
    const { tls, startTls } = PORTS[way];
    const port = text(now, `${way}.port`);
    if (['', tls, startTls].includes(port))
      return { ...now, [`${way}.port`]: now[`${way}.secure`] === true ? tls : startTls };
  }
  if (changed === 'imap.password' && ['', text(before, 'imap.password')].includes(text(now, 'smtp.password')))
    return { ...now, 'smtp.password': text(now, 'imap.password') };
  return now;
}

function fromAddress(before: FormValues, now: FormValues): FormValues {
  const address = text(now, 'address');
  const next = { ...now };
  const put = (key: string, value: string | boolean, earlier: string | boolean | undefined) => {
    if (now[key] === undefined || now[key] === '' || now[key] === earlier) next[key] = value;
  };
  for (const way of ['imap', 'smtp']) put(`${way}.user`, address, text(before, 'address'));
  const known = BY_DOMAIN.get(domainOf(address));
  const earlier = BY_DOMAIN.get(domainOf(text(before, 'address')));
  if (!known) return next;
  put('imap.host', known.imap, earlier?.imap);
  put('smtp.host', known.smtp, earlier?.smtp);
  if (next['imap.host'] === known.imap) {
    next['imap.port'] = PORTS.imap.tls;
    next['imap.secure'] = true;
  }
  if (next['smtp.host'] === known.smtp) {
    next['smtp.port'] = known.startTls ? PORTS.smtp.startTls : PORTS.smtp.tls;
    next['smtp.secure'] = !known.startTls;
  }
  return next;
}

/** What has to be known of the provider before it is tried. */
export function mailNote(values: FormValues): string | null {
  if (values['kind'] !== 'imap') return null;
  const provider = providerOf(values);
  if (provider?.isMicrosoft)
    return 'Microsoft lets no program in by password any more. Choose “Microsoft 365” above and sign in there.';
  return provider?.note ?? null;
}
