/** The stage of mailbox tests: rows in Postgres, a real mail server, supervisors in this process, and a receiver that writes down what it gets. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { createAddressGuard } from '#channels/address-guard.ts';
import { mailEventId, writerOf } from '#channels/email/event.ts';
import { readMail, type Mail } from '#channels/email/mail.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import { inWorkspace, poolOf } from '#db/client.ts';
import { findInbox, updateInbox, type InboxRow } from '#db/inboxes.ts';
import { createInboxCache, type CachedInbox } from '#db/inbox-cache.ts';
import { createKeyring, seal } from '#db/keyring.ts';
import { findMailbox, setMailbox, type MailboxRow } from '#db/mailboxes.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import { createImapKind, type ImapKindOptions } from '../../api/email/imap/look.ts';
import { createMailboxes, type Mailboxes } from '../../api/email/mailboxes.ts';
import type { EmailReceiver, IncomingMail } from '../../api/email/receive.ts';
import { createLog } from '../../api/log.ts';
import { createTestDatabase } from './database.ts';
import { eventually } from './eventually.ts';
import { startMailServer, type MailServer, type MailServerOptions } from './mail/server.ts';

export interface MailboxStage {
  server: MailServer;
  workspaceId: string;
  /** An inbox of a new mailbox at the server, looked at from now on. */
  inbox(
    address: string,
    options?: { settings?: JsonObject; password?: string; cursor?: JsonObject },
  ): Promise<string>;
  /** Another supervisor. The first one is started here too. */
  supervise(
    options?: ImapKindOptions & { capacity?: number; leaseMs?: number; answerMs?: number },
  ): Promise<Mailboxes>;
  /** Changes credentials as the API does. */
  reauthorize(inboxId: string, login: { address: string; password: string }): Promise<void>;
  change(inboxId: string, settings: JsonObject): Promise<void>;
  /** What came in, in order: subjects of an inbox. */
  received: { inboxId: string; subject: string; mail: IncomingMail }[];
  subjects(inboxId: string): string[];
  /** How often a mail was brought, duplicates and refusals too. */
  brought(subject: string): number;
  /** Throws what it returns for a mail; null takes it in. */
  refuse: (subject: string) => string | null;
  mailbox(inboxId: string): Promise<MailboxRow>;
  row(inboxId: string): Promise<InboxRow>;
  query<T extends object>(text: string, values?: unknown[]): Promise<T[]>;
  until(what: string, check: () => unknown): Promise<void>;
  close(): Promise<void>;
}

export async function startMailboxStage(options: MailServerOptions = {}): Promise<MailboxStage> {
  const database = await createTestDatabase();
  const server = await startMailServer(options);
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), readFileSync(server.caFile, 'utf8')]);
  const pool = poolOf(database.engine);
  const keyring = createKeyring(randomBytes(32).toString('base64'));
  const workspaceId = uuidV7();
  await pool.query(`insert into workspaces (id, name, slug) values ($1, 'w', 'w')`, [workspaceId]);
  const guard = createAddressGuard({ allowPrivateHosts: ['127.0.0.1', 'localhost'], deniedPorts: [] });
  const log = createLog('debug', {
    write: (line) => process.env['TELORING_TEST_LOG'] && process.stderr.write(line),
  });
  const seen = new Set<string>();
  const bringings: string[] = [];
  const caches: ReturnType<typeof createInboxCache>[] = [];
  const supervisors: Mailboxes[] = [];
  const inSpace = <T>(work: Parameters<typeof inWorkspace<T>>[2]): Promise<T> =>
    inWorkspace(database.app, workspaceId, work);

  const receiver: EmailReceiver = {
    async receive(inbox, mail) {
      const text = Buffer.from(mail.raw).toString('latin1');
      const subject = /^Subject: (.*)$/m.exec(text)?.[1]?.trim() ?? '';
      const key = `${inbox.id} ${/^Message-ID: (.*)$/im.exec(text)?.[1] ?? text}`;
      bringings.push(subject);
      const refusal = stage.refuse(subject);
      if (refusal !== null) throw new Error(refusal);
      const duplicate = seen.has(key);
      seen.add(key);
      if (!duplicate) stage.received.push({ inboxId: inbox.id, subject, mail });
      if (!subject.includes('forgotten')) await remember(inbox, await readMail(mail.raw));
      return { kind: 'accepted', eventId: uuidV7(), duplicate };
    },
  };
  /** As the real one does: its event is accepted. */
  const remember = (inbox: CachedInbox, mail: Mail): Promise<unknown> =>
    acceptEvents(database.engine, {
      type: inbox.type,
      inbox,
      raw: new Uint8Array(),
      events: [{ kind: 'account', eventId: mailEventId(mail, writerOf(mail)) }],
    });
  const credentials = (address: string, password: string): JsonObject => ({
    kind: 'imap',
    address,
    imap: { host: 'localhost', port: server.imap.securePort, secure: true, user: address, password },
    smtp: { host: 'localhost', port: server.smtp.securePort, secure: true, user: address, password },
  });
  const sealed = (id: string, address: string, password: string): Buffer =>
    seal(keyring, Buffer.from(JSON.stringify(credentials(address, password))), `inbox/${id}`);

  const stage: MailboxStage = {
    server,
    workspaceId,
    received: [],
    refuse: () => null,
    subjects: (inboxId) =>
      stage.received.filter((each) => each.inboxId === inboxId).map(({ subject }) => subject),
    brought: (subject) => bringings.filter((each) => each === subject).length,
    async inbox(address, { settings = {}, password = 'right', cursor } = {}) {
      const id = uuidV7();
      await server.addUser(address, 'right');
      await pool.query(
        `insert into inboxes (id, workspace_id, type, name, account_key, credentials, settings, state) values ($1, $2, 'email', $3, $3, $4, $5, 'active')`,
        [id, workspaceId, address, sealed(id, address, password), settings],
      );
      await inSpace((tx) => setMailbox(tx, { id, workspaceId }, { kind: 'imap', cursor }));
      return id;
    },
    async supervise({ capacity = 100, leaseMs = 1_500, answerMs = 10_000, ...kind } = {}) {
      const inboxes = createInboxCache({
        db: database.engine,
        keyring,
        resolveUrls: () => ({}),
        resolveApps: () => ({}),
      });
      await inboxes.listen(database.url);
      caches.push(inboxes);
      const imap = createImapKind({ resolveHost: (host, port) => guard.resolve(host, port), answerMs }, kind);
      const supervisor = createMailboxes({
        pool,
        inboxes,
        receiver,
        media: { get: async () => null, delete: async () => {} },
        kinds: { imap },
        log,
        capacity,
        leaseMs,
        beatMs: 100,
      });
      supervisors.push(supervisor);
      return supervisor;
    },
    reauthorize: async (id, { address, password }) => {
      await inSpace((tx) =>
        updateInbox(tx, workspaceId, id, { sealedCredentials: sealed(id, address, password) }),
      );
    },
    change: async (id, settings) => {
      await inSpace((tx) => updateInbox(tx, workspaceId, id, { settings }));
    },
    async mailbox(id) {
      const row = await inSpace((tx) => findMailbox(tx, id));
      if (!row) throw new Error('No mailbox.');
      return row;
    },
    async row(id) {
      const row = await inSpace((tx) => findInbox(tx, id));
      if (!row) throw new Error('No inbox.');
      return row;
    },
    query: async <T>(text: string, values: unknown[] = []) => (await pool.query(text, values)).rows as T[],
    until: async (what, check) => {
      await eventually(what, async () => Boolean(await check()), {
        seen: async () => ({
          received: stage.received.map(({ subject }) => subject).slice(-20),
          mailboxes: await stage.query('select * from mailboxes'),
          health: await stage.query('select inbound_health from inboxes'),
        }),
      });
    },
    async close() {
      await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
      await Promise.all(caches.map((cache) => cache.close()));
      await server.stop();
      await database.drop();
    },
  };
  return stage;
}

/** A mail as a customer's program would write it. */
export function mailOf(subject: string, fields: Record<string, string> = {}, body = 'Hello'): string {
  const headers = {
    From: 'Cora <cora@home.test>',
    To: 'support@shop.test',
    Subject: subject,
    'Message-ID': `<${uuidV7()}@home.test>`,
    Date: new Date().toUTCString(),
    ...fields,
  };
  return [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', body, ''].join('\r\n');
}
