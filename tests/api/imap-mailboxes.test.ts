/** Mailboxes against a real IMAP server: what comes in once and in order whatever the server, the network, a mail or another process does. */
import { afterEach, describe, expect, test } from 'vitest';
import { MAX_RAW_BYTES } from '#channels/email/imap/limits.ts';
import { mailServerIsMissing } from '../support/mail/server.ts';
import { mailOf, startMailboxStage, type MailboxStage } from '../support/mailboxes.ts';

let stage: MailboxStage;
const health = async (inboxId: string) =>
  (await stage.row(inboxId)).inbound_health as { state: string; reason?: string };

describe.skipIf(mailServerIsMissing())('IMAP mailboxes', () => {
  afterEach(() => stage.close());

  test('what was there before stays there; what comes is pushed, in order, and stays unread', async () => {
    stage = await startMailboxStage();
    await stage.server.addUser('a@shop.test', 'right');
    await stage.server.deliver('a@shop.test', mailOf('old'));
    const inbox = await stage.inbox('a@shop.test');
    await stage.supervise();
    await stage.until('the first look', async () => (await health(inbox)).state === 'ok');
    for (let n = 0; n < 60; n++) await stage.server.deliver('a@shop.test', mailOf(`new ${n}`));
    await stage.until('all sixty', () => stage.subjects(inbox).length === 60);
    expect(stage.subjects(inbox)).toEqual(Array.from({ length: 60 }, (_, n) => `new ${n}`));
    const pushedAtMs = Date.now();
    await stage.server.deliver('a@shop.test', mailOf('quick'));
    await stage.until('the push', () => stage.subjects(inbox).includes('quick'));
    expect(Date.now() - pushedAtMs).toBeLessThan(5_000);
    await stage.until('its facts', async () =>
      JSON.stringify((await stage.mailbox(inbox)).facts).includes('"lastUid":62'),
    );
    expect((await stage.mailbox(inbox)).facts).toMatchObject({ folder: 'INBOX', push: 'IDLE', behind: 0 });
    expect(await stage.server.unread('a@shop.test')).toBe(62);
  });

  test('a server without IDLE is asked; a folder, an import and marking as read are as the settings say', async () => {
    stage = await startMailboxStage({ idle: false });
    await stage.server.addUser('a@shop.test', 'right');
    const days = (n: number): Date => new Date(Date.now() - n * 86_400_000);
    await stage.server.deliver('a@shop.test', mailOf('ancient', { Date: days(9).toUTCString() }), days(9));
    await stage.server.deliver('a@shop.test', mailOf('restored', { Date: days(9).toUTCString() }), days(1));
    await stage.server.deliver('a@shop.test', mailOf('recent', { Date: days(2).toUTCString() }), days(2));
    const inbox = await stage.inbox('a@shop.test', { settings: { importDays: 3, markSeen: true } });
    await stage.supervise({ pollMs: 200 });
    await stage.until('the import', () => stage.subjects(inbox).length > 0);
    await stage.server.deliver('a@shop.test', mailOf('asked for'));
    await stage.until('the poll', () => stage.subjects(inbox).includes('asked for'));
    expect(stage.subjects(inbox)).toEqual(['recent', 'asked for']);
    expect((await stage.mailbox(inbox)).facts).toMatchObject({ push: 'asked every 0.2 s' });
    await stage.until('the two are read', async () => (await stage.server.unread('a@shop.test')) === 2);
    await stage.change(inbox, { folder: 'Nowhere' });
    await stage.until('the missing folder', async () => (await health(inbox)).state === 'failing');
    expect((await health(inbox)).reason).toMatch(/folder.*Nowhere|folder.*exist/i);
    await stage.change(inbox, { folder: 'Support' });
    await stage.until('another folder', async () => (await health(inbox)).state === 'ok');
    await stage.server.deliver('a@shop.test/.Support', mailOf('in the other folder'));
    await stage.until('its mail', () => stage.subjects(inbox).includes('in the other folder'));
  });

  test('a refused login says so in the server’s words, is not hammered at, and is over with the right password', async () => {
    stage = await startMailboxStage();
    const inbox = await stage.inbox('a@shop.test', { password: 'wrong' });
    await stage.supervise();
    await stage.until('the refusal', async () => (await health(inbox)).state === 'failing');
    expect((await health(inbox)).reason).toContain('“Authentication failed.”');
    expect(await stage.row(inbox)).toMatchObject({ state: 'needs_attention', can_send: true });
    const { nextLookAt, lastError, failures } = await stage.mailbox(inbox);
    expect(lastError).toMatchObject({ kind: 'credentials' });
    expect(failures).toBe(1);
    expect(nextLookAt.getTime() - Date.now()).toBeGreaterThan(10 * 60_000);
    await stage.reauthorize(inbox, { address: 'a@shop.test', password: 'right' });
    await stage.until('health', async () => (await health(inbox)).state === 'ok');
    expect(await stage.mailbox(inbox)).toMatchObject({ lastError: null, failures: 0 });
    await stage.server.deliver('a@shop.test', mailOf('at last'));
    await stage.until('a mail', () => stage.subjects(inbox).includes('at last'));
    expect((await stage.row(inbox)).state).not.toBe('needs_attention');
  });

  test('a server that goes away is one strike, then trouble that heals by itself; nothing is lost or doubled', async () => {
    stage = await startMailboxStage();
    const inbox = await stage.inbox('a@shop.test');
    await stage.supervise();
    await stage.until('the first look', async () => (await health(inbox)).state === 'ok');
    await stage.server.stopImap();
    await stage.until('one strike', async () => (await stage.mailbox(inbox)).failures === 1);
    expect(await health(inbox)).toMatchObject({ state: 'ok' });
    await stage.server.deliver('a@shop.test', mailOf('while away'));
    await stage.until('the second strike', async () => (await health(inbox)).state === 'degraded');
    expect((await stage.mailbox(inbox)).lastError).toMatchObject({ kind: 'transient' });
    await stage.server.startImap();
    await stage.until('the mail', () => stage.subjects(inbox).includes('while away'));
    await stage.until('health', async () => (await health(inbox)).state === 'ok');
    for (const pid of stage.server.sessions()) process.kill(pid, 'SIGKILL');
    await stage.server.deliver('a@shop.test', mailOf('cut'));
    await stage.until('the next mail', () => stage.subjects(inbox).includes('cut'));
    expect(stage.subjects(inbox)).toEqual(['while away', 'cut']);
  });

  test('a connection that is dead without saying so is found out when IDLE is renewed', async () => {
    stage = await startMailboxStage();
    const inbox = await stage.inbox('a@shop.test');
    await stage.supervise({ idleMs: 400, answerMs: 500 });
    await stage.until('the first look', async () => (await health(inbox)).state === 'ok');
    const [mute] = stage.server.sessions();
    if (mute === undefined) throw new Error('No session.');
    process.kill(mute, 'SIGSTOP');
    await stage.server.deliver('a@shop.test', mailOf('unheard'));
    await stage.until('the mail', () => stage.subjects(inbox).includes('unheard'));
    process.kill(mute, 'SIGKILL');
  });

  test('after a new UIDVALIDITY everything of our time is there once: nothing doubled, nothing lost, nothing old', async () => {
    stage = await startMailboxStage();
    await stage.server.addUser('a@shop.test', 'right');
    const long = new Date(Date.now() - 30 * 86_400_000);
    await stage.server.deliver('a@shop.test', mailOf('old', { Date: long.toUTCString() }), long);
    await stage.server.deliver('a@shop.test', mailOf('old, moved', { Date: long.toUTCString() }));
    const inbox = await stage.inbox('a@shop.test');
    await stage.supervise();
    await stage.until('the first look', async () => (await health(inbox)).state === 'ok');
    for (const n of [1, 2, 3]) await stage.server.deliver('a@shop.test', mailOf(`before ${n}`));
    await stage.until('three', () => stage.subjects(inbox).length === 3);
    const { cursor } = await stage.mailbox(inbox);
    await stage.server.deliver('a@shop.test', mailOf('forgotten'));
    await stage.until('four', () => stage.subjects(inbox).length === 4);
    await stage.server.remove('a@shop.test', (raw) => raw.includes('before 2'));
    await stage.server.resetUids('a@shop.test');
    await stage.server.deliver('a@shop.test', mailOf('after'));
    await stage.until('the last', () => stage.subjects(inbox).includes('after'));
    expect(stage.subjects(inbox)).toEqual(['before 1', 'before 2', 'before 3', 'forgotten', 'after']);
    // What is known isn't fetched again; what isn't comes again and is a duplicate.
    expect(['before 1', 'before 3', 'forgotten'].map((subject) => stage.brought(subject))).toEqual([1, 1, 2]);
    const now = (await stage.mailbox(inbox)).cursor as { uidValidity: string };
    expect(now.uidValidity).not.toBe((cursor as { uidValidity: string }).uidValidity);
  });

  test('a mail that our side fails to take in is tried, kept aside with its reason, and tried again; those behind it come in', async () => {
    stage = await startMailboxStage();
    let tries = 0;
    stage.refuse = (subject) => (subject === 'poison' ? `broken ${++tries}` : null);
    const inbox = await stage.inbox('a@shop.test');
    await stage.supervise();
    await stage.until('the first look', async () => (await health(inbox)).state === 'ok');
    // The waits between are minutes in all; here they are over at once.
    const shorten = setInterval(
      () =>
        void stage.query(`update mailboxes set next_look_at = now() where last_error ->> 'kind' = 'ours'`),
      100,
    );
    for (const subject of ['first', 'poison', 'behind'])
      await stage.server.deliver('a@shop.test', mailOf(subject));
    await stage.until('the one behind', () => stage.subjects(inbox).includes('behind'));
    clearInterval(shorten);
    expect(stage.subjects(inbox)).toEqual(['first', 'behind']);
    expect(tries).toBe(5);
    const kept = await stage.query<{ reason: string; tries: number; raw: Buffer }>(
      'select * from kept_mails',
    );
    expect(kept).toMatchObject([{ reason: 'broken 5', tries: 5 }]);
    expect(kept[0]?.raw.toString()).toContain('Subject: poison');
    await stage.until('it is told', async () =>
      (await health(inbox)).reason?.startsWith('One mail could not be taken in'),
    );
    stage.refuse = () => null;
    await stage.query('update kept_mails set next_try_at = now()');
    await stage.until('the kept one', () => stage.subjects(inbox).includes('poison'));
    await stage.until(
      'it is let go',
      async () => (await stage.query('select from kept_mails where raw is not null')).length === 0,
    );
    await stage.until('health', async () => (await health(inbox)).state === 'ok');
  });

  test('a mail in the middle of which the process ended five times is kept aside untried', async () => {
    stage = await startMailboxStage();
    await stage.server.addUser('a@shop.test', 'right');
    for (const subject of ['deadly', 'behind']) await stage.server.deliver('a@shop.test', mailOf(subject));
    const inbox = await stage.inbox('a@shop.test', { settings: { importDays: 1 } });
    let tries = 0;
    stage.refuse = (subject) => (subject === 'deadly' ? `tried ${++tries}` : null);
    const supervisor = await stage.supervise();
    await stage.until('the first try', () => tries > 0);
    await supervisor.stop();
    // As if the process had ended with it each time.
    tries = 0;
    await stage.query(
      `update mailboxes set trying = jsonb_set(trying, '{tries}', '5'), next_look_at = now()`,
    );
    await stage.supervise();
    await stage.until('the one behind', () => stage.subjects(inbox).includes('behind'));
    expect(tries).toBe(0);
    expect(await stage.query('select reason, tries from kept_mails')).toMatchObject([
      { reason: 'The server ended each time while it took this mail in.', tries: 5 },
    ]);
  });

  test('a mail of 25 MB comes in whole; a larger one as a note with its headers and its text', async () => {
    stage = await startMailboxStage();
    const inbox = await stage.inbox('a@shop.test');
    await stage.supervise();
    await stage.until('the first look', async () => (await health(inbox)).state === 'ok');
    const line = `${'A'.repeat(76)}\r\n`;
    const big = mailOf('big', {}, line.repeat(Math.ceil((25 * 1024 * 1024) / line.length)));
    const parts = [
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'Please see the plans, Zoë.',
      '--b',
      'Content-Type: application/octet-stream',
      'Content-Disposition: attachment; filename=plans.bin',
      '',
      line.repeat(Math.ceil((MAX_RAW_BYTES + 1) / line.length)),
      '--b--',
      '',
    ].join('\r\n');
    const fields = {
      'MIME-Version': '1.0',
      'Content-Type': 'multipart/mixed; boundary=b',
      'In-Reply-To': '<x@y>',
    };
    await stage.server.deliver('a@shop.test', big);
    await stage.server.deliver('a@shop.test', mailOf('huge', fields, parts));
    await stage.server.deliver('a@shop.test', mailOf('small'));
    await stage.until('all three', () => stage.subjects(inbox).length === 3);
    expect(stage.subjects(inbox)).toEqual(['big', 'huge', 'small']);
    const [first, second] = stage.received;
    expect(Buffer.from(first?.mail.raw ?? []).equals(Buffer.from(big))).toBe(true);
    const note = Buffer.from(second?.mail.raw ?? []).toString();
    expect(note).toContain('In-Reply-To: <x@y>');
    expect(note).not.toContain('multipart/mixed');
    const [, body = ''] = note.split('\r\n\r\n');
    expect(Buffer.from(body, 'base64').toString()).toMatch(/40 MB.*\r\n\r\nPlease see the plans, Zoë\./s);
  });

  test('two processes share ten mailboxes; when one dies the other has all, and every mail is there once', async () => {
    stage = await startMailboxStage();
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) ids.push(await stage.inbox(`m${n}@shop.test`));
    const first = await stage.supervise();
    await stage.until('all are held', () => first.held() === 10);
    const looked = async (): Promise<boolean> =>
      (await Promise.all(ids.map((id) => stage.mailbox(id)))).every(({ lastOkAt }) => lastOkAt !== null);
    await stage.until('a look at each', looked);
    const second = await stage.supervise();
    await stage.until('half each', () => first.held() === 5 && second.held() === 5);
    for (let n = 0; n < 10; n++) await stage.server.deliver(`m${n}@shop.test`, mailOf(`shared ${n}`));
    await stage.until('all mails', () => stage.received.length === 10);
    await second.stop();
    await stage.until('all are held again', () => first.held() === 10);
    for (let n = 0; n < 10; n++) await stage.server.deliver(`m${n}@shop.test`, mailOf(`alone ${n}`));
    await stage.until('all mails again', () => stage.received.length === 20);
    expect(ids.map((id) => stage.subjects(id).length)).toEqual(Array.from({ length: 10 }, () => 2));
  });

  test('with fewer connections than mailboxes each has its turn', async () => {
    stage = await startMailboxStage();
    const ids = [
      await stage.inbox('a@shop.test'),
      await stage.inbox('b@shop.test'),
      await stage.inbox('c@shop.test'),
    ];
    await stage.supervise({ capacity: 1 });
    for (const name of ['a', 'b', 'c']) await stage.server.deliver(`${name}@shop.test`, mailOf(name));
    await stage.until('a look at each', async () =>
      (await Promise.all(ids.map((id) => stage.mailbox(id)))).every(({ lastOkAt }) => lastOkAt !== null),
    );
    expect(stage.server.sessions().length).toBeLessThanOrEqual(1);
  });

  test('a deleted inbox is hung up on at once', async () => {
    stage = await startMailboxStage();
    const inbox = await stage.inbox('a@shop.test');
    const supervisor = await stage.supervise();
    await stage.until('the first look', async () => (await health(inbox)).state === 'ok');
    await stage.query(`update inboxes set deleted_at = now() where id = $1`, [inbox]);
    await stage.until(
      'nothing is held',
      () => supervisor.held() === 0 && stage.server.sessions().length === 0,
    );
    await stage.server.deliver('a@shop.test', mailOf('too late'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(stage.received).toEqual([]);
  });
});
