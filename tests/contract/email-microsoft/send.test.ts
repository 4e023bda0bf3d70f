/** Drafts and what becomes of them: sent once, whatever happens between. */
import { simpleParser } from 'mailparser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { sendMicrosoft, type MicrosoftSend } from '#channels/email/microsoft/send.ts';
import { eventually } from '../../support/eventually.ts';
import { file, http, mailOf, signal, startBench, type Bench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.close());

const send = (key: string, more: Partial<MicrosoftSend> = {}) =>
  sendMicrosoft(http, bench.graph, { mail: ours(key), key, attempt: 1, signal: signal(), ...more });
const ours = (key: string, more: Parameters<typeof mailOf>[1] = {}) =>
  mailOf(key, { from: { name: 'Support', address: bench.inbox.credentials.address }, ...more });
const paths = (): string[] =>
  bench.calls
    .filter(({ path }) => path.startsWith('/microsoft/graph'))
    .map(
      ({ method, path }) =>
        `${method} ${path
          .replace(/\/messages\/[^/?]+/, '/messages/ID')
          .split('?')[0]
          ?.slice(21)}`,
    );
const refusal = async (work: Promise<unknown>): Promise<ChannelError> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw new Error(`Not refused as expected: ${String(error)}`);
  return error;
};

test('a small mail goes as it was composed, by a draft that is sent', async () => {
  const mail = ours('k1', {
    cc: [{ name: '', address: 'cc@customers.example' }],
    bcc: [{ name: '', address: 'hidden@customers.example' }],
    inReplyTo: '<q@customers.example>',
    references: ['<p@customers.example>', '<q@customers.example>'],
    attachments: [file(1000, 'menu.pdf'), file(500, 'logo.png', 'logo')],
  });
  const sent = await send('k1', { mail });
  expect(sent).toEqual({ providerMessageId: '<k1@microsoft.example>' });
  expect(paths()).toEqual(['POST /me/messages', 'POST /me/messages/ID/send']);
  const [entry, ...others] = bench.phone.ledger();
  expect(others).toEqual([]);
  expect(entry).toMatchObject({
    key: 'k1',
    providerMessageId: '<k1@microsoft.example>',
    to: 'ada@customers.example',
    request: {
      subject: 'Re: Bread',
      cc: ['cc@customers.example'],
      bcc: ['hidden@customers.example'],
      inReplyTo: '<q@customers.example>',
      references: ['<p@customers.example>', '<q@customers.example>'],
      attachments: [
        { name: 'logo.png', size: 500 },
        { name: 'menu.pdf', size: 1000 },
      ],
    },
  });
  expect(JSON.stringify(entry?.request)).toContain('auto-replied');
  for (const { headers, path } of bench.calls)
    if (path.includes('/graph/')) expect(headers['prefer']).toContain('IdType="ImmutableId"');
});

describe('a large mail', () => {
  const large = (more: Parameters<typeof mailOf>[1] = {}) =>
    ours('k2', { attachments: [file(3_400_000, 'film.mp4'), file(900, 'note.txt')], ...more });

  test('is a reply in Exchange’s own thread, its files piece by piece', async () => {
    const { messageId } = bench.phone.write({ chatId: '', personName: 'Ada', text: 'Bread?' });
    await bench.phone.settled();
    const sent = await send('k2', { mail: large({ inReplyTo: messageId }) });
    expect(sent.providerMessageId).toBe('<k2@microsoft.example>');
    const [entry] = bench.phone.ledger();
    expect(entry).toMatchObject({
      key: 'k2',
      to: 'ada@customers.example',
      request: {
        inReplyTo: messageId,
        references: [messageId],
        attachments: [
          { name: 'film.mp4', size: 3_400_000 },
          { name: 'note.txt', size: 900 },
        ],
      },
    });
    const uploads = bench.calls.filter(({ path }) => path.includes('/uploads/'));
    expect(uploads.map(({ method, headers }) => [method, headers['authorization']])).toEqual([
      ['PUT', undefined],
    ]);
    expect(bench.phone.chats()).toHaveLength(1);
  });

  test('that answers a mail which is gone goes by itself', async () => {
    const film = { attachments: [file(3_400_000, 'film.mp4')] };
    const sent = await send('k8', { mail: ours('k8', { ...film, inReplyTo: '<gone@customers.example>' }) });
    expect(sent.providerMessageId).toBe('<k8@microsoft.example>');
    const { messageId } = bench.phone.write({ chatId: '', personName: 'Ada', text: 'Bread?' });
    await bench.phone.settled();
    // Deleted between our look and our answer.
    const late = {
      ...bench.graph,
      json: async (call: Parameters<typeof bench.graph.json>[0]) =>
        await bench.graph.json(
          call.path.endsWith('/createReply') ? { ...call, path: '/me/messages/AAkA-gone/createReply' } : call,
        ),
    };
    const mail = ours('k9', { ...film, inReplyTo: messageId });
    await sendMicrosoft(http, late, { mail, key: 'k9', attempt: 1, signal: signal() });
    expect(bench.phone.ledger().map(({ key }) => key)).toEqual(['k8', 'k9']);
  });

  test('whose upload broke off goes on with the same draft and the files that are missing', async () => {
    let pieces = 0;
    const breaking: typeof http = {
      ...http,
      request: async (request) => {
        if (request.method === 'PUT' && (pieces += 1) === 1)
          throw new ChannelError('no_answer', 'The connection broke.');
        return await http.request(request);
      },
    };
    const mail = large({
      attachments: [file(700, 'first.txt'), file(3_400_000, 'film.mp4'), file(900, 'last.txt')],
    });
    const given = { mail, key: 'k2', attempt: 1, signal: signal() };
    await refusal(sendMicrosoft(breaking, bench.graph, given));
    expect(bench.phone.facts()).toMatchObject({ drafts: 1 });
    expect(bench.phone.ledger()).toEqual([]);
    await sendMicrosoft(http, bench.graph, { ...given, attempt: 2, signal: signal() });
    expect(bench.phone.ledger()).toMatchObject([
      { request: { attachments: [{ name: 'first.txt' }, { name: 'film.mp4' }, { name: 'last.txt' }] } },
    ]);
    expect(bench.phone.facts()).toMatchObject({ drafts: 0 });
  });
});

describe('a try after one that nobody knows the end of', () => {
  test('finds what was sent, and sends nothing', async () => {
    bench.phone.addFault({ kind: 'no_answer', times: 1 });
    const lost = await refusal(send('k3', { signal: AbortSignal.timeout(400) }));
    expect(lost.kind).toBe('no_answer');
    expect(bench.phone.ledger()).toHaveLength(1);
    expect(await send('k3', { attempt: 2 })).toEqual({ providerMessageId: '<k3@microsoft.example>' });
    expect(bench.phone.ledger()).toHaveLength(1);
    expect(bench.phone.facts()).toMatchObject({ drafts: 0 });
  });

  test('finds the draft, and sends that one', async () => {
    bench.phone.addFault({ kind: 'send_as_denied', times: 1 });
    await refusal(send('k4'));
    expect(bench.phone.facts()).toMatchObject({ drafts: 1 });
    await send('k4', { attempt: 2 });
    expect(bench.phone.ledger()).toHaveLength(1);
    expect(bench.phone.facts()).toMatchObject({ drafts: 0 });
  });

  test('finds it by our header where Exchange gave it another Message-ID', async () => {
    await send('k5');
    const again = await send('k5', {
      attempt: 2,
      mail: ours('k5', { messageId: '<other@microsoft.example>' }),
    });
    expect(again.providerMessageId).toBe('<k5@microsoft.example>');
    expect(bench.phone.ledger()).toHaveLength(1);
  });

  test('two that run at once send one mail', async () => {
    const tries = [1, 2, 3, 4].map((attempt) => send('k6', { attempt: attempt + 1 }));
    const ends = await Promise.allSettled(tries);
    expect(ends.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    // Whoever lost comes again and finds it.
    expect(await send('k6', { attempt: 9 })).toEqual({ providerMessageId: '<k6@microsoft.example>' });
    expect(bench.phone.ledger()).toHaveLength(1);
  });

  test('one that was held up before its draft was there leaves the mail of its successor alone', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = {
      ...bench.graph,
      json: async (call: Parameters<typeof bench.graph.json>[0]) => {
        if (call.method === 'POST' && call.path.endsWith('/messages')) await held;
        return await bench.graph.json(call);
      },
    };
    const first = sendMicrosoft(http, slow, { mail: ours('k7'), key: 'k7', attempt: 1, signal: signal() });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await send('k7', { attempt: 2 });
    release();
    expect(await first).toEqual({ providerMessageId: '<k7@microsoft.example>' });
    expect(bench.phone.ledger()).toHaveLength(1);
    expect(bench.phone.facts()).toMatchObject({ drafts: 0 });
  });
});

describe('what Microsoft refuses', () => {
  test('429 and 503 are waited for as long as it says', async () => {
    for (const kind of ['rate_limited', 'server_error'] as const) {
      bench.phone.addFault({ kind, times: 1, retryAfterSeconds: 7 });
      expect(await refusal(send('r1'))).toMatchObject({ kind: 'retry_after', retryAfterMs: 7_000 });
    }
    await send('r1', { attempt: 3 });
    expect(bench.phone.ledger()).toHaveLength(1);
  });

  test('a sender it denies is final, a mailbox it doesn’t serve waits for a person; both in its words', async () => {
    bench.phone.addFault({ kind: 'send_as_denied', times: 1 });
    expect(await refusal(send('r2'))).toMatchObject({
      kind: 'permanent',
      providerCode: 'ErrorSendAsDenied',
      message: expect.stringContaining('does not have the right to send mail'),
    });
    bench.phone.addFault({ kind: 'mailbox_disabled', times: 1 });
    expect(await refusal(send('r3'))).toMatchObject({
      kind: 'reauthorize',
      providerCode: 'MailboxNotEnabledForRESTAPI',
    });
  });

  test('an expired token is renewed and the call made once more; a withdrawn permission is said', async () => {
    await send('r4');
    bench.phone.addFault({ kind: 'token_expired', times: 1 });
    await send('r5');
    expect(bench.phone.ledger()).toHaveLength(2);
    bench.phone.addFault({ kind: 'permission_revoked' });
    expect(await refusal(send('r6'))).toMatchObject({ kind: 'reauthorize', providerCode: 'AADSTS50173' });
    expect(bench.phone.ledger()).toHaveLength(2);
  });

  test('no more than four calls of a mailbox are made at once', async () => {
    await send('r7');
    const many = Array.from({ length: 12 }, (_, at) => send(`m${at}`));
    await Promise.all(many);
    expect(bench.phone.ledger()).toHaveLength(13);
  });
});

test('a mail that can’t be delivered comes back as a report', async () => {
  bench.phone.addFault({ kind: 'contact_unreachable', times: 1 });
  await send('b1');
  const report = await eventually('the report', async () =>
    bench.phone
      .chats()
      .flatMap(({ messages }) => messages)
      .find(({ note }) => note?.startsWith('Undeliverable')),
  );
  expect(report.replyTo).toBe('<b1@microsoft.example>');
  const { bounceOf } = await import('#channels/email/microsoft/sandbox/bounce.ts');
  const { newItem } = await import('#channels/email/microsoft/sandbox/item.ts');
  const item = newItem({
    folder: 'sentitems',
    isDraft: false,
    to: [{ name: '', address: 'gone@x.example' }],
  });
  const parsed = await simpleParser(Buffer.from(bounceOf(item, bench.inbox.credentials)));
  expect(parsed.headers.get('content-type')).toMatchObject({
    value: 'multipart/report',
    params: { 'report-type': 'delivery-status' },
  });
});
