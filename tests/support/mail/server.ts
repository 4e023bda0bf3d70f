/**
 * A real mail server for tests: Exim takes mails by SMTP, Dovecot hands them out by IMAP, both as processes of their own on free ports,
 * with their files in a temporary folder and nobody's privileges. Where they are missing, tests are skipped with a printed reason; with
 * CI=true that is a failure.
 */
import { execFileSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { postgresUser as ordinaryUser } from '../../../api/embedded/postgres-user.ts';
import { dovecotConfig, eximConfig, type MailPlaces } from './config.ts';
import { childrenNamed, startService, type Service } from './service.ts';
import { freePort } from '../product.ts';

const programs = {
  dovecot: '/usr/sbin/dovecot',
  exim: '/usr/sbin/exim4',
  openssl: '/usr/bin/openssl',
} as const;

export interface MailServerOptions {
  /** False: the server doesn't offer IDLE. */
  idle?: boolean;
  /** The most that a mailbox may hold, in the words of Dovecot (`10M`). */
  quota?: string;
}
export interface MailServer {
  host: string;
  /** STARTTLS is offered on the plain ports; `secure` ones are TLS from the first byte. */
  imap: { port: number; securePort: number };
  smtp: { port: number; securePort: number };
  /** The certificate, self-signed for `host` and `localhost`: what NODE_EXTRA_CA_CERTS names. */
  caFile: string;
  /** A mailbox, and a login of that name for both servers. Again: another password. */
  addUser(address: string, password: string): Promise<void>;
  /** Puts a mail into the mailbox as it is. */
  deliver(address: string, raw: string | Uint8Array, at?: Date): Promise<void>;
  /** The mails that lie there, in the order they were delivered. */
  mails(address: string, folder?: string): Promise<string[]>;
  /** How many lie there without the flag \Seen. */
  unread(address: string): Promise<number>;
  remove(address: string, which: (raw: string) => boolean): Promise<void>;
  /** Everything gets another UIDVALIDITY and other UIDs, as after a restore from a backup. */
  resetUids(address: string): Promise<void>;
  /** Processes that serve logged-in IMAP connections. */
  sessions(): number[];
  /** Who is signed in by IMAP. */
  users(): string[];
  stopImap(): Promise<void>;
  startImap(options?: MailServerOptions): Promise<void>;
  stopSmtp(): Promise<void>;
  startSmtp(): Promise<void>;
  logs(): Promise<string>;
  stop(): Promise<void>;
}

/** For `describe.skipIf(mailServerIsMissing())`. @throws Error with CI=true, where a missing server is a failure */
export function mailServerIsMissing(): boolean {
  const reason = whyMissing();
  if (reason === null) return false;
  if (process.env['CI'] === 'true') throw new Error(`Tests with a mail server can't run: ${reason}.`);
  process.stderr.write(`Tests with a mail server are skipped: ${reason}.\n`);
  return true;
}

function whyMissing(): string | null {
  try {
    const version = execFileSync(programs.dovecot, ['--version'], { encoding: 'utf8' });
    if (!version.startsWith('2.3.')) return `Dovecot ${version.trim()} has another configuration than 2.3`;
    execFileSync(programs.exim, ['-bV'], { stdio: 'ignore' });
    execFileSync(programs.openssl, ['version'], { stdio: 'ignore' });
    return null;
  } catch (error) {
    const what = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return `${what}; install dovecot-imapd, exim4-daemon-light and openssl`;
  }
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const user = await ordinaryUser();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teloring-mail-'));
  await chmod(folder, 0o755);
  const places: MailPlaces = {
    folder,
    user: user?.name ?? os.userInfo().username,
    group: groupOf(user?.gid ?? os.userInfo().gid),
    uid: user?.uid ?? os.userInfo().uid,
    gid: user?.gid ?? os.userInfo().gid,
    imap: { port: await freePort(), securePort: await freePort() },
    smtp: { port: await freePort(), securePort: await freePort() },
  };
  const own = (...names: string[]): string => path.join(folder, ...names);
  for (const name of ['mail', 'run', 'state', 'spool', 'log', 'users']) await mkdir(own(name));
  makeCertificate(folder);
  await writeFile(own('mailboxes'), '');
  await writeFile(own('logins'), '');
  await writeFile(own('exim.conf'), eximConfig(places));
  const give = (file: string): void => {
    if (user) chownSync(file, user.uid, user.gid);
  };
  give(folder);
  for (const name of await readdir(folder)) give(own(name));

  const accounts = new Map<string, string>();
  const services: { imap: Service | null; smtp: Service | null } = { imap: null, smtp: null };
  const maildir = (address: string, mailFolder?: string): string =>
    own('mail', address, ...(mailFolder === undefined ? [] : [`.${mailFolder}`]));
  let delivered = 0;

  const server: MailServer = {
    host: '127.0.0.1',
    imap: places.imap,
    smtp: places.smtp,
    caFile: own('cert.pem'),
    async addUser(address, password) {
      accounts.set(address, password);
      const lines = (line: (address: string, password: string) => string): string =>
        [...accounts].map(([each, its]) => `${line(each, its)}\n`).join('');
      // Renamed into place: both servers read them at any time.
      // A file each: Dovecot looks for changes once a second at most, and opens a new one at once.
      await replace(own('users', address), `${address}:{PLAIN}${password}\n`, give);
      await replace(
        own('mailboxes'),
        lines((each) => `${each}: ${maildir(each)}`),
        give,
      );
      await replace(
        own('logins'),
        lines((each, its) => `${each}: ${its}`),
        give,
      );
      for (const name of ['', 'new', 'cur', 'tmp']) {
        await mkdir(path.join(maildir(address), name), { recursive: true });
        give(path.join(maildir(address), name));
      }
    },
    async deliver(address, raw, at = new Date()) {
      delivered += 1;
      const name = `${Math.floor(at.getTime() / 1000)}.M${String(delivered).padStart(6, '0')}P${process.pid}.test`;
      const file = path.join(maildir(address), 'tmp', name);
      await writeFile(file, raw);
      give(file);
      execFileSync('touch', ['-d', at.toISOString(), file]);
      await rename(file, path.join(maildir(address), 'new', name));
    },
    async mails(address, mailFolder) {
      const files = await filesOf(maildir(address, mailFolder));
      return Promise.all(files.map((file) => readFile(file, 'utf8')));
    },
    async unread(address) {
      return (await filesOf(maildir(address))).filter((file) => !/:2,[A-Z]*S/.test(file)).length;
    },
    async remove(address, which) {
      for (const file of await filesOf(maildir(address))) {
        if (which(await readFile(file, 'utf8'))) await rm(file);
      }
    },
    async resetUids(address) {
      await server.stopImap();
      for (const name of await readdir(maildir(address))) {
        if (name.startsWith('dovecot')) await rm(path.join(maildir(address), name), { recursive: true });
      }
      // UIDVALIDITY is the time in seconds.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await server.startImap();
    },
    sessions: () => (services.imap ? childrenNamed(services.imap.pid, 'imap') : []),
    users() {
      const told = execFileSync('/usr/bin/doveadm', ['-c', own('dovecot.conf'), '-f', 'tab', 'who', '-1'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return told.split('\n').flatMap((line) =>
        line
          .split('\t')
          .slice(0, 1)
          .filter((name) => name.includes('@')),
      );
    },
    async stopImap() {
      await services.imap?.stop();
      services.imap = null;
    },
    async startImap(changed = {}) {
      Object.assign(options, changed);
      await writeFile(own('dovecot.conf'), dovecotConfig(places, options));
      services.imap = await startService({
        command: programs.dovecot,
        args: ['-F', '-c', own('dovecot.conf')],
        user,
        folder,
        ports: [places.imap.port, places.imap.securePort],
      });
    },
    async stopSmtp() {
      await services.smtp?.stop();
      services.smtp = null;
    },
    async startSmtp() {
      services.smtp = await startService({
        command: programs.exim,
        args: ['-C', own('exim.conf'), '-bdf', '-q1m'],
        user,
        folder,
        ports: [places.smtp.port, places.smtp.securePort],
      });
    },
    async logs() {
      const files = (await readdir(own('log'))).map((name) => own('log', name));
      return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
    },
    async stop() {
      await Promise.all([server.stopImap(), server.stopSmtp()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all([server.startImap(), server.startSmtp()]);
  } catch (error) {
    const logs = await server.logs();
    await server.stop();
    throw new Error(`The mail server didn't start:\n${logs}`, { cause: error });
  }
  return server;
}

function makeCertificate(folder: string): void {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  const out = ['-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'cert.pem')];
  execFileSync(programs.openssl, ['req', '-x509', ...key, ...out, ...subject], { stdio: 'ignore' });
}

function groupOf(gid: number): string {
  const line = execFileSync('getent', ['group', String(gid)], { encoding: 'utf8' });
  return line.split(':')[0] ?? String(gid);
}

async function replace(file: string, text: string, give: (file: string) => void): Promise<void> {
  await writeFile(`${file}.next`, text);
  give(`${file}.next`);
  await rename(`${file}.next`, file);
}

/** Oldest first: a Maildir's names begin with the time of delivery. */
async function filesOf(maildir: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['new', 'cur']) {
    const files = await readdir(path.join(maildir, name)).catch(() => []);
    found.push(...files.map((file) => path.join(maildir, name, file)));
  }
  const place = (file: string): number[] => (path.basename(file).match(/\d+/g) ?? []).slice(0, 2).map(Number);
  return found.toSorted((one, other) => {
    const [[second = 0, part = 0], [otherSecond = 0, otherPart = 0]] = [place(one), place(other)];
    return second - otherSecond || part - otherPart;
  });
}
