/** Mailboxes and processes that die: real servers share ten mailboxes, and every mail is one message whoever dies when. */
import { afterEach, describe, expect, test } from 'vitest';
import { createCrashStage, type CrashStage } from '../support/crash-stage.ts';
import { askFlow } from '../support/flows.ts';
import { mailServerIsMissing, startMailServer, type MailServer } from '../support/mail/server.ts';
import { mailOf } from '../support/mailboxes.ts';
import type { ServerProcess } from '../support/server-process.ts';

let server: MailServer;
let stage: CrashStage;

const addressOf = (n: number): string => `box${n}@shop.test`;
async function connect(through: ServerProcess, address: string): Promise<void> {
  const login = { host: 'localhost', secure: true, user: address, password: 'ours' };
  const { status, body } = await stage.api(through, 'POST', '/api/inboxes', {
    type: 'email',
    name: address,
    credentials: {
      kind: 'imap',
      address,
      imap: { ...login, port: server.imap.securePort },
      smtp: { ...login, port: server.smtp.securePort },
    },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
}
/** Every mail that is a message, in the order of acceptance. */
const messages = () =>
  stage.query<{ inbox: string; subject: string }>(
    `select i.account_key as inbox, part ->> 'subject' as subject
       from messages m join inboxes i on i.id = m.inbox_id join inbound_events e on e.id = m.event_id, jsonb_array_elements(m.parts) part
      where i.type = 'email' and m.direction = 'in' and part ->> 'kind' = 'email' order by e.accept_no`,
  );
const holders = async (): Promise<number[]> =>
  (
    await stage.query<{ n: number }>(
      `select count(*)::integer as n from mailboxes where lease_until > now() group by holder order by 1`,
    )
  ).map(({ n }) => n);

describe.skipIf(mailServerIsMissing())('mailboxes and crashes', () => {
  afterEach(async () => {
    await stage.close();
    await server.stop();
  });
  const begin = async (): Promise<void> => {
    server = await startMailServer();
    stage = await createCrashStage(askFlow({ keyword: 'nobody says so' }), {
      NODE_EXTRA_CA_CERTS: server.caFile,
    });
  };

  test('two processes have five mailboxes each; the one that stays has all ten within seconds, and nothing is lost or doubled', async () => {
    await begin();
    const one = await stage.start();
    for (let n = 0; n < 10; n++) await server.addUser(addressOf(n), 'ours');
    for (let n = 0; n < 10; n++) await connect(one, addressOf(n));
    await stage.until('one has all', async () => (await holders()).join() === '10');
    const two = await stage.start();
    await stage.until('five each', async () => (await holders()).join() === '5,5');
    // Both are in the middle of it.
    for (let round = 0; round < 6; round++)
      for (let n = 0; n < 10; n++) await server.deliver(addressOf(n), mailOf(`${n}/${round}`));
    await stage.until('some are in', async () => (await messages()).length > 5);
    await two.kill();
    const diedAtMs = Date.now();
    await stage.until('one has all again', async () => (await holders()).join() === '10');
    expect(Date.now() - diedAtMs).toBeLessThan(15_000);
    for (let n = 0; n < 10; n++) await server.deliver(addressOf(n), mailOf(`${n}/last`));
    await stage.until('all seventy', async () => (await messages()).length >= 70, 90_000);
    await stage.quiet();
    const got = await messages();
    for (let n = 0; n < 10; n++) {
      const subjects = got.filter(({ inbox }) => inbox === addressOf(n)).map(({ subject }) => subject);
      expect(subjects).toEqual([0, 1, 2, 3, 4, 5, 'last'].map((round) => `${n}/${round}`));
    }
    await stage.check();
  });

  test('a process that stops between the mail’s event and the cursor, and goes on when another has the mailbox, changes nothing', async () => {
    await begin();
    const zombie = await stage.start({ faults: 'event.committed=stop' });
    await server.addUser(addressOf(0), 'ours');
    await connect(zombie, addressOf(0));
    await server.deliver(addressOf(0), mailOf('Mail 1'));
    expect(await zombie.struck(30_000)).toBe(true);
    const heir = await stage.start();
    for (const n of [2, 3]) await server.deliver(addressOf(0), mailOf(`Mail ${n}`));
    await stage.until('the heir has all three', async () => (await messages()).length === 3);
    zombie.cont();
    await server.deliver(addressOf(0), mailOf('Mail 4'));
    await stage.until('the fourth', async () => (await messages()).length >= 4);
    await stage.quiet();
    expect((await messages()).map(({ subject }) => subject)).toEqual([
      'Mail 1',
      'Mail 2',
      'Mail 3',
      'Mail 4',
    ]);
    const [cursor] = await stage.query<{ last: number }>(
      `select (cursor ->> 'lastUid')::integer as last from mailboxes`,
    );
    expect(cursor?.last).toBe(4);
    await stage.check();
    await heir.stop();
  });

  test('a process killed between the mail’s event and the cursor: the mail comes again and is known', async () => {
    await begin();
    const first = await stage.start({ faults: 'event.committed=kill@2' });
    await server.addUser(addressOf(0), 'ours');
    await connect(first, addressOf(0));
    for (const n of [1, 2, 3]) await server.deliver(addressOf(0), mailOf(`Mail ${n}`));
    expect(await first.struck(30_000)).toBe(true);
    await first.ended;
    const [before] = await stage.query<{ last: number; trying: object }>(
      `select (cursor ->> 'lastUid')::integer as last, trying from mailboxes`,
    );
    expect(before).toMatchObject({ last: 1, trying: { tries: 1 } });
    await stage.start();
    await stage.until('all three', async () => (await messages()).length >= 3);
    await stage.quiet();
    expect((await messages()).map(({ subject }) => subject)).toEqual(['Mail 1', 'Mail 2', 'Mail 3']);
    await stage.check();
  });
});
