/** What is new: the delta query with its links, what Microsoft forgets, and mails that are odd. */
import { simpleParser } from 'mailparser';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { pathOfLink } from '#channels/email/microsoft/graph.ts';
import { readChanges, readMail, sinceAfter } from '#channels/email/microsoft/inbox-folder.ts';
import { signal, startBench, type Bench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.close());

const since = (): string => new Date(Date.now() - 60_000).toISOString();
const write = async (text: string, more: object = {}) => {
  const written = bench.phone.write({ chatId: '', personName: 'Ada', text, ...more });
  await bench.phone.settled();
  return written;
};
const changes = (place: Parameters<typeof readChanges>[1]) => readChanges(bench.graph, place, signal());

test('from a time on, then from the link; each mail once, whole, in the order it came', async () => {
  const place = { since: since() };
  const first = await write('One', { subject: 'Größe', media: mediaOf('a.pdf') });
  await write('Two');
  const found = await changes(place);
  expect(found).toMatchObject({
    complete: true,
    next: { since: place.since, link: expect.stringContaining('$deltatoken=') },
  });
  expect(found.mails).toHaveLength(2);
  const raw = await readMail(bench.graph, found.mails[0]?.id ?? '', signal());
  const mail = await simpleParser(Buffer.from(raw ?? []));
  expect(mail).toMatchObject({ messageId: first.messageId, subject: 'Größe', text: 'One' });
  expect(mail.attachments).toMatchObject([{ filename: 'a.pdf' }]);
  expect(await changes(found.next)).toMatchObject({ mails: [], complete: true });
  await write('Three');
  expect((await changes(found.next)).mails).toHaveLength(1);
});

const mediaOf = (name: string) => ({
  kind: 'file' as const,
  bytes: new TextEncoder().encode('x'),
  mimeType: 'application/pdf',
  name,
});

test('more than a page is followed to its end, and what came before the beginning is left', async () => {
  await write('Old');
  await new Promise((resolve) => setTimeout(resolve, 5));
  const place = { since: new Date().toISOString() };
  for (let at = 0; at < 130; at += 1)
    bench.phone.write({ chatId: '', personName: `P${at}`, text: `Mail ${at}` });
  await bench.phone.settled();
  const found = await changes(place);
  expect(found.mails).toHaveLength(130);
  expect(found.complete).toBe(true);
  const pages = bench.calls.filter(({ path }) => path.includes('/delta'));
  expect(pages.length).toBe(2);
  // The token goes to our own base only, whatever the links say.
  expect(pages[1]?.path).toMatch(/^\/microsoft\/graph\/v1\.0\/me\/mailFolders/);
});

test('what Microsoft has forgotten (410) is asked for again from the last known time', async () => {
  const place = { since: since() };
  await write('One');
  const { next } = await changes(place);
  await write('Two');
  bench.phone.addFault({ kind: 'resync_required', times: 1 });
  const again = await changes(next);
  // Both: what comes twice is known by its Message-ID.
  expect(again.mails).toHaveLength(2);
  expect(again.next.link).not.toBe(next.link);
});

test('the time to begin again from moves on with what was taken in, an hour behind it, and never back', () => {
  const atMs = Date.parse('2026-11-28T12:00:00Z');
  expect(sinceAfter({ since: '2026-11-20T00:00:00.000Z' }, atMs)).toBe('2026-11-28T11:00:00.000Z');
  expect(sinceAfter({ since: '2026-11-28T11:30:00.000Z' }, atMs)).toBe('2026-11-28T11:30:00.000Z');
});

test('a mail that is gone is left; one that can’t be had whole comes as what is known of it', async () => {
  expect(await readMail(bench.graph, 'AAkA-nobody', signal())).toBeNull();
  await write('Long story', { subject: 'Über\r\nalles' });
  const { mails } = await changes({ since: since() });
  const broken = {
    ...bench.graph,
    call: async (call: Parameters<typeof bench.graph.call>[0]) => {
      if (call.path.endsWith('/$value'))
        throw new ChannelError('no_answer', 'Microsoft: corrupt', { providerCode: 'ErrorCorruptData' });
      return await bench.graph.call(call);
    },
  };
  const raw = await readMail(broken, mails[0]?.id ?? '', signal());
  const mail = await simpleParser(Buffer.from(raw ?? []));
  expect(mail.from?.value).toEqual([{ name: 'Ada', address: 'ada@customers.example' }]);
  expect(mail.text).toContain('Long story');
  expect(mail.text).toContain('Open it in Outlook');
});

test('a link without a version is refused', () => {
  expect(() => pathOfLink('https://evil.example/steal')).toThrow(ChannelError);
});
