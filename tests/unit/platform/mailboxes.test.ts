/** What mailboxes decide without asking anybody: after failures, about shares, about cursors, about mails that are too large. */
import { expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { fromNow, isOld, rangesOf, resume } from '#channels/email/imap/cursor.ts';
import { explain } from '#channels/email/imap/errors.ts';
import { noteFrom } from '#channels/email/imap/too-large.ts';
import { HttpError } from '#channels/http-error.ts';
import { createBell } from '../../../api/email/bell.ts';
import { createBudget } from '../../../api/email/budget.ts';
import { judge, type FailedLook } from '../../../api/email/mailbox-failures.ts';
import { MailboxError } from '../../../api/email/mailbox-kind.ts';
import { share, type ShareInput } from '../../../api/email/mailbox-share.ts';

const MINUTE = 60_000;
const look = (given: Partial<FailedLook>): FailedLook => ({
  error: new ChannelError('not_sent', 'gone'),
  failures: 0,
  livedMs: 0,
  sinceOkMs: 1_000,
  chance: 0.5,
  ...given,
});

test('trouble that passes: the first strike says nothing, later ones do, and the waits grow to five minutes', () => {
  expect(judge(look({}))).toMatchObject({
    inMs: 2_000,
    failures: 1,
    health: null,
    error: { kind: 'transient' },
  });
  expect(judge(look({ failures: 1 }))).toMatchObject({
    inMs: 4_000,
    health: { state: 'degraded', reason: 'gone' },
  });
  expect(judge(look({ failures: 50 })).inMs).toBe(5 * MINUTE);
  expect(judge(look({ failures: 9, sinceOkMs: 2 * 60 * MINUTE })).health?.state).toBe('failing');
  // A connection that held for long and then broke begins a new count.
  expect(judge(look({ failures: 9, livedMs: 10 * MINUTE }))).toMatchObject({ failures: 1, health: null });
  expect(judge(look({ error: new ChannelError('retry_after', 'slow', { retryAfterMs: MINUTE }) })).inMs).toBe(
    MINUTE,
  );
  const waits = [0, 1].map((chance) => judge(look({ failures: 4, chance })).inMs);
  expect(waits).toEqual([24_000, 40_000]);
});

test('what a person has to mend is told at once and knocked at seldom', () => {
  const refused = judge(look({ error: new ChannelError('reauthorize', '“No”') }));
  expect(refused).toMatchObject({
    error: { kind: 'credentials' },
    health: { state: 'failing', reason: '“No”' },
  });
  expect(refused.inMs).toBe(15 * MINUTE);
  expect(judge(look({ error: new ChannelError('permanent', 'folder'), failures: 20 }))).toMatchObject({
    inMs: 360 * MINUTE,
    error: { kind: 'setup' },
  });
});

test('our own failure counts nothing against the provider, and is told from the second try on', () => {
  const ours = (tries: number) =>
    judge(look({ failures: 3, error: new MailboxError('ours', 'disk full', { tries }) }));
  expect(ours(1)).toMatchObject({ inMs: 1_000, failures: 3, health: null, error: { kind: 'ours' } });
  expect(ours(4)).toMatchObject({ inMs: 27_000, failures: 3, health: { state: 'degraded' } });
});

test('processes share evenly, give up what is too much, and take turns where connections are too few', () => {
  const input: ShareInput = { held: 0, resting: 0, capacity: 100, holders: 1, mailboxes: 10, waiting: 10 };
  expect(share(input)).toEqual({ take: 10, give: 0, rotate: 0 });
  expect(share({ ...input, held: 10, holders: 2, waiting: 0 })).toEqual({ take: 0, give: 5, rotate: 0 });
  expect(share({ ...input, held: 4, holders: 2, waiting: 1 })).toEqual({ take: 1, give: 0, rotate: 0 });
  // Three of ten: nobody has less than its share, so nobody gives.
  for (const held of [3, 4]) expect(share({ ...input, held, holders: 3 }).give).toBe(0);
  expect(share({ ...input, capacity: 2, held: 2, resting: 2, waiting: 8 })).toEqual({
    take: 0,
    give: 0,
    rotate: 2,
  });
  expect(share({ ...input, capacity: 2, held: 2, resting: 0, waiting: 8 }).rotate).toBe(0);
  expect(share({ ...input, capacity: 500, mailboxes: 400 }).take).toBe(10);
});

const state = { uidValidity: '7', uidNext: 101, exists: 50 };
const wanted = { folder: 'INBOX', importDays: 0, nowMs: 1_700_000_000_000 };
const DAY = 86_400_000;

test('a cursor begins now or some days ago, goes on where it was, and after a reset goes through its own time again', () => {
  const now = resume({}, state, wanted);
  expect(now).toEqual(fromNow('INBOX', state, wanted.nowMs));
  expect(rangesOf(now)).toEqual([{ after: 100 }]);
  const stored = { ...now, lastUid: 120 };
  expect(resume(stored, { ...state, uidNext: 130 }, wanted)).toEqual(stored);
  expect(resume(stored, state, { ...wanted, folder: 'Other' })).toMatchObject({
    folder: 'Other',
    lastUid: 100,
  });
  const imported = resume({}, state, { ...wanted, importDays: 3 });
  expect(imported).toMatchObject({ lastUid: 0, oldUpTo: 100, sinceMs: wanted.nowMs - 3 * DAY });
  const later = wanted.nowMs + 40 * DAY;
  const reset = resume(stored, { uidValidity: '8', uidNext: 31, exists: 30 }, { ...wanted, nowMs: later });
  expect(reset).toEqual({
    folder: 'INBOX',
    uidValidity: '8',
    lastUid: 0,
    sinceMs: wanted.nowMs,
    oldUpTo: 30,
  });
  const [old, rest] = rangesOf(reset);
  expect(old).toMatchObject({ after: 0, upTo: 30 });
  expect(old?.since?.getTime()).toBeLessThan(wanted.nowMs - DAY);
  expect(rest).toEqual({ after: 30 });
  // Half way through it only the rest of the old is left.
  expect(rangesOf({ ...reset, lastUid: 10 })).toMatchObject([{ after: 10, upTo: 30 }, { after: 30 }]);
});

test('old is what the server got before our time, or what its sender dated days before; never what came behind', () => {
  const cursor = { ...fromNow('INBOX', state, wanted.nowMs), lastUid: 0 };
  const mail = { uid: 5, size: 1, receivedAtMs: wanted.nowMs + 1, datedMs: wanted.nowMs, eventId: null };
  expect(isOld(cursor, mail)).toBe(false);
  expect(isOld(cursor, { ...mail, receivedAtMs: wanted.nowMs - DAY })).toBe(true);
  expect(isOld(cursor, { ...mail, datedMs: wanted.nowMs - DAY })).toBe(false);
  expect(isOld(cursor, { ...mail, datedMs: wanted.nowMs - 3 * DAY })).toBe(true);
  expect(isOld(cursor, { ...mail, datedMs: null })).toBe(false);
  expect(isOld(cursor, { ...mail, uid: 101, receivedAtMs: 0, datedMs: 0 })).toBe(false);
});

test('a note keeps the mail’s headers as they came, folded lines and odd bytes too, and none of its body’s', () => {
  const headers = Buffer.from(
    'From: Z\xf6e <z@x.test>\r\nSubject: a\r\n b\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\nDKIM-Signature: v=1;\r\n b=abc\r\nReferences: <1@x>\r\n\r\n',
    'latin1',
  );
  const note = noteFrom(headers, 60 * 1024 * 1024, 'Zoë').toString('latin1');
  const [head = '', body = ''] = note.split('\r\n\r\n');
  expect(head.split('\r\n')).toEqual([
    'From: Z\xf6e <z@x.test>',
    'Subject: a',
    ' b',
    'References: <1@x>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ]);
  expect(Buffer.from(body, 'base64').toString()).toMatch(/^\[This email has 60 MB, .*\]\r\n\r\nZoë$/);
  expect(Math.max(...body.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(76);
});

test('failures of IMAP are told apart by their codes', () => {
  const kindOf = (fields: object) =>
    explain(Object.assign(new Error('Command failed'), fields), 'mail.test').kind;
  expect(kindOf({ authenticationFailed: true, serverResponseCode: 'AUTHENTICATIONFAILED' })).toBe(
    'reauthorize',
  );
  expect(kindOf({ authenticationFailed: true })).toBe('reauthorize');
  expect(kindOf({ authenticationFailed: true, serverResponseCode: 'UNAVAILABLE' })).toBe('not_sent');
  expect(kindOf({ code: 'ECONNREFUSED' })).toBe('not_sent');
  expect(kindOf({ code: 'ETIMEOUT' })).toBe('not_sent');
  expect(kindOf({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })).toBe('permanent');
  expect(kindOf({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' })).toBe('permanent');
  expect(kindOf({ tlsFailed: true })).toBe('permanent');
  expect(kindOf({ mailboxMissing: true })).toBe('permanent');
  expect(explain(new HttpError('blocked', 'private'), 'x').kind).toBe('permanent');
  expect(explain(new HttpError('not_sent', 'dns'), 'x').kind).toBe('not_sent');
  expect(
    explain(Object.assign(new Error('x'), { authenticationFailed: true, responseText: 'Go away' }), 'h')
      .message,
  ).toContain('“Go away”');
});

test('a bell rung before anybody waits isn’t lost, and rings once', async () => {
  const { signal } = new AbortController();
  const bell = createBell();
  bell.ring();
  bell.ring();
  await bell.wait(60_000, signal);
  const begun = Date.now();
  await bell.wait(30, signal);
  expect(Date.now() - begun).toBeGreaterThanOrEqual(25);
  const waiting = bell.wait(60_000, signal);
  expect(bell.waiting()).toBe(true);
  bell.ring();
  await waiting;
  const ending = new AbortController();
  const aborted = bell.wait(60_000, ending.signal);
  ending.abort();
  await aborted;
});

test('a budget is never overdrawn, goes in order, and lets the largest run alone', async () => {
  const budget = createBudget(10);
  let inHand = 0;
  let most = 0;
  const order: number[] = [];
  const run = (weight: number, n: number) =>
    budget.run(weight, async () => {
      order.push(n);
      inHand += Math.min(weight, 10);
      most = Math.max(most, inHand);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inHand -= Math.min(weight, 10);
      if (n === 3) throw new Error('failed');
    });
  const all = [4, 4, 4, 99, 1, 1].map((weight, n) => run(weight, n));
  const results = await Promise.allSettled(all);
  expect(most).toBe(10);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  expect(results.map(({ status }) => status).filter((status) => status === 'rejected')).toHaveLength(1);
  await budget.run(10, async () => undefined);
});
