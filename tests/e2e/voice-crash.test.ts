/** The server is killed in the middle of a call: nothing that was told of it is lost, and it ends like any other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { twilioSignature } from '#channels/sms/signature.ts';
import { startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { eventually } from '../support/eventually.ts';
import { callFlow, newCaller, voiceBench, voiceCredentials } from '../support/voice.ts';

let product: ChannelProduct;
beforeAll(async () => {
  product = await startChannelProduct();
}, 240_000);
afterAll(() => product?.close(), 120_000);

/** The server process alone, as an out-of-memory killer would; the start process brings it back. */
async function killServer(): Promise<void> {
  const { server } = product.product.pids();
  if (server === undefined) throw new Error('There is no server to kill.');
  process.kill(server, 'SIGKILL');
  await eventually('the server is back', async () => {
    const now = product.product.pids().server;
    if (now === undefined || now === server) return false;
    return (await fetch(`${product.product.url}/readyz`)).status === 200;
  });
}

test('killed while the flow waits for a digit: the call and its flow go on to their end', async () => {
  const credentials = voiceCredentials();
  const bench = await voiceBench(product, {}, credentials);
  await product.publish(
    callFlow(bench.inboxId, {
      menu: ['gather', { text: 'Press 1.', variable: 'choice', timeoutSeconds: 60 }, { reply: 'thanks' }],
      thanks: ['say', { text: 'Thank you.' }],
    }),
  );
  const caller = newCaller();
  await bench.act({ kind: 'call', chatId: caller });
  await bench.hears(caller, 'Press 1.');
  const before = await bench.call(caller, ({ conversationId }) => conversationId !== null);
  await eventually('the flow waits', async () => {
    const { items } = await product.call<{ items: { status: string; conversationId: string }[] }>(
      'GET',
      '/api/runs',
    );
    return items.some((run) => run.conversationId === before.conversationId && run.status === 'waiting');
  });
  const events = await bench.events(before);

  await killServer();
  expect(await bench.call(caller)).toMatchObject({ id: before.id, state: 'in_progress' });
  expect(await bench.events(before)).toEqual(events);

  // Twilio goes on with the call (its double died with the server): the digit, then the end, signed as ever.
  const sid = before.providerCallId ?? '';
  const post = async (place: string, more: Record<string, string>, query = ''): Promise<string> => {
    const fields = {
      AccountSid: credentials.accountSid,
      CallSid: sid,
      From: caller,
      To: credentials.phoneNumber,
      ...more,
    };
    const url = `${product.product.url}/webhooks/twilio/${bench.inboxId}/${place}${query}`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'x-twilio-signature': twilioSignature(credentials.authToken, url, Object.entries(fields)),
      },
      body: new URLSearchParams(fields),
    });
    expect(answer.status).toBe(200);
    return answer.text();
  };
  const ref = (await bench.messages(before))
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.kind === 'call' && part.event === 'gather' ? [part.ref ?? ''] : []))[0];
  const query = `?${new URLSearchParams({ call: sid, who: caller, ref: ref ?? '' }).toString()}`;
  const twiml = await post('gather', { CallStatus: 'in-progress', Digits: '1' }, query);
  expect(twiml).toContain('/hold?');
  await eventually('the flow has gone on', async () => (await bench.events(before)).includes('say'));
  await post('status', { CallStatus: 'completed', CallDuration: '31' });
  const over = await bench.call(caller, ({ state }) => state === 'ended', 'the call is over');
  expect(over).toMatchObject({ endReason: 'completed', durationSeconds: 31 });
  await eventually('the run has ended', async () => {
    const { items } = await product.call<{ items: { status: string; conversationId: string }[] }>(
      'GET',
      '/api/runs',
    );
    return items.find((run) => run.conversationId === over.conversationId)?.status === 'completed';
  });
  expect(await bench.events(over)).toEqual(['incoming', 'gather', 'gathered', 'say', 'ended']);
});

test('a call that Twilio no longer knows, and whose end nobody told, ends by itself', async () => {
  const bench = await voiceBench(product);
  const caller = newCaller();
  await bench.act({ kind: 'call', chatId: caller });
  await bench.call(caller, ({ conversationId }) => conversationId !== null);
  await killServer();
  await product.database.query(
    "update calls set started_at = started_at - interval '5 minutes' where state <> 'ended'",
  );
  const over = await bench.call(caller, ({ state }) => state === 'ended', 'the sweeper ends it');
  expect(over).toMatchObject({ endReason: 'missed' });
});
