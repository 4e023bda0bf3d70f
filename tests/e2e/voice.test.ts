/** Calls end to end against the double of Twilio: what callers hear, what agents do, and what the conversation says of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { eventually } from '../support/eventually.ts';
import { callFlow, newCaller, signIn, voiceBench, type Agent, type VoiceBench } from '../support/voice.ts';

let product: ChannelProduct;
let agent: Agent;
beforeAll(async () => {
  product = await startChannelProduct();
  const { url, adminEmail, adminPassword } = product.product;
  agent = await signIn(url, adminEmail, adminPassword);
}, 240_000);
afterAll(() => product?.close(), 120_000);
beforeEach(async () => {
  // Free and there: no time after the last test's call.
  await product.database.query('update calls set wrap_up_until = null');
  await be('online');
});

const be = async (status: string): Promise<void> => {
  expect((await agent.ask('PUT', '/api/presence', { status })).status).toBe(200);
};
const phone = (callId: string, act: string) =>
  agent.ask('POST', `/api/voice/calls/${callId}/sandbox`, { do: act });
const isOver = ({ state }: { state: string }): boolean => state === 'ended';
const isRinging = ({ ringing }: { ringing: string[] }): boolean => ringing.length > 0;

const menu = (inboxId: string) =>
  callFlow(inboxId, {
    hello: ['say', { text: 'Welcome to Ada & Sons.' }, { next: 'menu' }],
    menu: [
      'gather',
      { text: 'Press 1 for sales.', variable: 'choice', numDigits: 1, accept: ['1', '2'], timeoutSeconds: 5 },
      { reply: 'mark', invalid: 'box', timeout: 'box' },
    ],
    mark: ['label', { add: ['sales'] }, { next: 'people' }],
    people: ['ring', { strategy: 'all', timeoutSeconds: 20 }, { no_answer: 'box' }],
    box: ['voicemail', { greeting: 'Leave a message, please.', maxSeconds: 30 }, { recorded: 'bye' }],
    bye: ['hang_up', {}],
  });

async function withMenu(): Promise<{ bench: VoiceBench; caller: string }> {
  const bench = await voiceBench(product);
  await product.call('POST', '/api/labels', { name: 'sales' }).catch(() => undefined);
  await product.publish(menu(bench.inboxId));
  return { bench, caller: newCaller() };
}

describe('an incoming call', () => {
  test('is spoken to, presses a digit, rings the agent, is answered and over', async () => {
    const { bench, caller } = await withMenu();
    await bench.act({ kind: 'call', chatId: caller, personName: 'Grace' });
    await bench.hears(caller, 'Welcome to Ada & Sons.');
    await bench.hears(caller, 'Press 1 for sales.');
    await bench.act({ kind: 'press', chatId: caller, text: '1' });
    const ringing = await bench.call(caller, isRinging, 'the agent’s phone rings');
    expect(ringing).toMatchObject({
      direction: 'in',
      ringing: [agent.userId],
      agent: null,
      provider: 'twilio',
    });
    expect((await phone(ringing.id, 'answer')).status).toBe(200);
    const talking = await bench.call(caller, ({ agent: by }) => by !== null, 'the agent has it');
    expect(talking).toMatchObject({ state: 'in_progress', ringing: [], agent: { id: agent.userId } });
    expect((await agent.ask('GET', '/api/presence')).body.items[0]).toMatchObject({
      status: 'busy',
      callId: talking.id,
    });
    expect(
      (await agent.ask('GET', '/api/voice/calls?active=1')).body.items.map(({ id }: { id: string }) => id),
    ).toContain(talking.id);
    await bench.act({ kind: 'hang_up', chatId: caller });
    const over = await bench.call(caller, isOver, 'the call is over');
    expect(over).toMatchObject({ endReason: 'completed', agent: { id: agent.userId } });
    expect(over.wrapUpUntil).not.toBeNull();
    expect(await bench.events(over, (events) => events.includes('ended'))).toEqual([
      'incoming',
      'say',
      'said',
      'gather',
      'gathered',
      'ring',
      'answered',
      'ended',
    ]);
    const conversation = await product.call<{
      labels: string[];
      assigneeId: string | null;
      threadKey: string;
    }>('GET', `/api/conversations/${over.conversationId}`);
    expect(conversation).toMatchObject({ labels: ['sales'], assigneeId: agent.userId });
    expect(
      (await agent.ask('POST', `/api/voice/calls/${over.id}/wrap-up`, { seconds: 0, note: 'Wants a quote' }))
        .body,
    ).toMatchObject({ state: 'ended' });
    expect((await bench.messages(over)).at(-1)).toMatchObject({
      direction: 'internal',
      text: 'Wants a quote',
    });
    expect((await agent.ask('GET', '/api/presence')).body.items[0]).toMatchObject({
      status: 'online',
      callId: null,
    });
  });

  test('that nobody answers goes to voicemail, and the recording is ours', async () => {
    await be('away');
    const { bench, caller } = await withMenu();
    await bench.act({ kind: 'call', chatId: caller });
    await bench.hears(caller, 'Press 1 for sales.');
    await bench.act({ kind: 'press', chatId: caller, text: '1' });
    await bench.hears(caller, 'Leave a message, please.');
    await bench.hears(caller, 'Beep');
    await bench.act({ kind: 'speak', chatId: caller, text: 'Hello, this is Grace, call me back.' });
    await bench.act({ kind: 'hang_up', chatId: caller });
    const over = await bench.call(caller, ({ endReason }) => endReason === 'voicemail', 'the voicemail');
    // Asked for, and left.
    const mails = (all: string[]): number => all.filter((event) => event === 'voicemail').length;
    expect(mails(await bench.events(over, (all) => mails(all) >= 2))).toBe(2);
    const audio = await eventually('the recording’s bytes', async () => {
      const part = (await bench.messages(over))
        .flatMap(({ parts }) => parts)
        .find(({ kind }) => kind === 'audio');
      const answer = part?.kind === 'audio' ? await product.download(part.url) : null;
      return answer?.status === 200 && answer;
    });
    expect(audio.bytes.length).toBeGreaterThan(400);
  });

  test.each([
    ['while it is spoken to', 'Welcome to Ada & Sons.', null],
    ['at the question', 'Press 1 for sales.', null],
    ['while phones ring', 'Rings', '1'],
  ])('hangs up %s: the flow ends, the call is missed or over, nothing is left', async (_, words, digit) => {
    const { bench, caller } = await withMenu();
    await bench.act({ kind: 'call', chatId: caller });
    await bench.hears(caller, digit === null ? words : 'Press 1 for sales.');
    if (digit !== null) {
      await bench.act({ kind: 'press', chatId: caller, text: digit });
      await bench.call(caller, isRinging, 'the agent’s phone rings');
    }
    await bench.act({ kind: 'hang_up', chatId: caller });
    const over = await bench.call(caller, isOver, 'the call is over');
    expect(over.endReason).toBe(digit === null ? 'completed' : 'missed');
    await eventually('the run has ended', async () => {
      const { items } = await product.call<{ items: { status: string; conversationId: string }[] }>(
        'GET',
        `/api/runs?limit=50`,
      );
      return items.find((run) => run.conversationId === over.conversationId)?.status === 'completed';
    });
  });

  test('without a flow rings the team; a duplicated and reordered status changes nothing', async () => {
    const bench = await voiceBench(product);
    const caller = newCaller();
    await bench.delivery({ copies: 2 });
    await bench.act({ kind: 'call', chatId: caller });
    const ringing = await bench.call(caller, isRinging, 'the agent’s phone rings');
    await bench.delivery({ held: true });
    expect((await phone(ringing.id, 'answer')).status).toBe(200);
    // In two tabs: the other one is too late.
    expect((await phone(ringing.id, 'answer')).status).toBe(409);
    await bench.act({ kind: 'hang_up', chatId: caller });
    // The end is told first, the answer last.
    await bench.release();
    const over = await bench.call(caller, isOver, 'the call is over');
    const events = await bench.events(over, (all) => all.length >= 3);
    expect(events.toSorted()).toEqual(['answered', 'incoming', 'missed'].toSorted());
    // What comes late tells who it was, and brings nothing back.
    expect(await bench.call(caller, ({ agent: by }) => by !== null)).toMatchObject({
      state: 'ended',
      ringing: [],
      agent: { id: agent.userId },
      endReason: 'completed',
    });
  });

  test('what Twilio never confirmed is not said twice, and the flow goes on by what the caller does', async () => {
    const { bench, caller } = await withMenu();
    await product.call('POST', `/sandbox/api/${bench.inboxId}/faults`, { kind: 'no_answer', times: 2 });
    await bench.act({ kind: 'call', chatId: caller });
    await bench.hears(caller, 'Press 1 for sales.');
    await bench.act({ kind: 'hang_up', chatId: caller });
    const over = await bench.call(caller, isOver, 'the call is over');
    const said = (await bench.heard(caller)).filter((words) => words.includes('Welcome'));
    expect(said).toHaveLength(1);
    const first = (await bench.messages(over)).find(({ parts }) =>
      parts.some((part) => part.kind === 'call' && part.event === 'say'),
    );
    expect(first).toMatchObject({ status: 'unknown', providerMessageId: null });
  });

  test('a flow that listens to missed calls hears of one whose own flow has ended by it', async () => {
    const { bench, caller } = await withMenu();
    await product.call('POST', '/api/labels', { name: 'call back' }).catch(() => undefined);
    await product.publish(
      callFlow(
        bench.inboxId,
        { mark: ['label', { add: ['call back'] }] },
        { kind: 'call', inboxIds: [bench.inboxId], event: 'missed' },
      ),
    );
    await bench.act({ kind: 'call', chatId: caller });
    await bench.hears(caller, 'Press 1 for sales.');
    await bench.act({ kind: 'press', chatId: caller, text: '1' });
    await bench.call(caller, isRinging, 'the agent’s phone rings');
    await bench.act({ kind: 'hang_up', chatId: caller });
    const over = await bench.call(caller, isOver);
    await eventually('the label', async () =>
      (
        await product.call<{ labels: string[] }>('GET', `/api/conversations/${over.conversationId}`)
      ).labels.includes('call back'),
    );
  });
});

describe('with people on the phone', () => {
  const talk = async (bench: VoiceBench, caller: string) => {
    await bench.act({ kind: 'call', chatId: caller });
    const ringing = await bench.call(caller, isRinging, 'the agent’s phone rings');
    expect((await phone(ringing.id, 'answer')).status).toBe(200);
    return bench.call(caller, ({ agent: by }) => by !== null, 'the agent has it');
  };

  test.each([true, false])('recorded and announced: %s, as the inbox says', async (recordCalls) => {
    const notice = 'We record this call.';
    const bench = await voiceBench(product, { recordCalls, recordingNotice: notice });
    const caller = newCaller();
    await talk(bench, caller);
    await bench.hears(caller, 'Talks with');
    await bench.act({ kind: 'hang_up', chatId: caller });
    const over = await bench.call(caller, isOver, 'the call is over');
    const heard = await bench.heard(caller);
    expect(heard.includes(notice)).toBe(recordCalls);
    if (recordCalls) {
      // Said before anybody talks.
      expect(heard.indexOf(notice)).toBeLessThan(heard.findIndex((each) => each.startsWith('Talks with')));
      await bench.events(over, (all) => all.includes('recording'));
      const parts = (await bench.messages(over)).flatMap((message) => message.parts);
      expect(parts.map(({ kind }) => kind)).toContain('audio');
    } else expect(await bench.events(over, (all) => all.includes('ended'))).not.toContain('recording');
  });

  test('is handed to a colleague, who answers, talks and has it; whoever gave it away is free', async () => {
    const { url } = product.product;
    const email = 'ben@colleagues.example';
    const password = 'a long enough password of Ben’s';
    const { body } = await agent.ask('POST', '/api/invitations', { email, role: 'agent' });
    const accepted = await fetch(`${url}/api/invitations/accept`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ token: String(body.link).split('#')[1], name: 'Ben', password }),
    });
    expect(accepted.status).toBeLessThan(300);
    const ben = await signIn(url, email, password);
    const bench = await voiceBench(product, { wrapUpSeconds: 0 });
    const caller = newCaller();
    const talking = await talk(bench, caller);
    expect(talking.agent?.id).toBe(agent.userId);
    expect((await ben.ask('PUT', '/api/presence', { status: 'online' })).status).toBe(200);

    // Not Ben's to give away.
    const given = { agentId: ben.userId };
    expect((await ben.ask('POST', `/api/voice/calls/${talking.id}/transfer`, given)).status).toBe(403);
    expect((await agent.ask('POST', `/api/voice/calls/${talking.id}/transfer`, given)).status).toBe(200);
    await eventually(
      'Ben answers',
      async () =>
        (await ben.ask('POST', `/api/voice/calls/${talking.id}/sandbox`, { do: 'answer' })).status === 200,
    );
    const his = await bench.call(caller, ({ agent: by }) => by?.id === ben.userId, 'Ben has it');
    expect(his).toMatchObject({ id: talking.id, state: 'in_progress', ringing: [] });
    type Shown = { userId: string; status: string }[];
    const people = (await agent.ask('GET', '/api/presence')).body.items as Shown;
    const statusOf = (id: string) => people.find(({ userId }) => userId === id)?.status;
    expect([statusOf(agent.userId), statusOf(ben.userId)]).toEqual(['online', 'busy']);
    await bench.act({ kind: 'hang_up', chatId: caller });
    const over = await bench.call(caller, isOver, 'the call is over');
    expect(over).toMatchObject({ endReason: 'completed', agent: { id: ben.userId } });
    expect(await bench.events(over, (all) => all.includes('ended'))).toEqual([
      'incoming',
      'answered',
      'transferred',
      'answered',
      'ended',
    ]);
  });
});

describe('a call of ours', () => {
  test('is placed by ticket, rings, is answered, held, resumed and over', async () => {
    const bench = await voiceBench(product);
    const customer = newCaller();
    const session = await agent.ask('POST', `/api/voice/${bench.inboxId}/session`);
    expect(session.body).toMatchObject({ provider: 'twilio', sandbox: true });
    const placed = await agent.ask('POST', `/api/voice/${bench.inboxId}/calls`, {
      to: customer,
      clientCallId: 'one',
    });
    expect(placed.status).toBe(201);
    expect(
      await agent.ask('POST', `/api/voice/${bench.inboxId}/calls`, { to: customer, clientCallId: 'one' }),
    ).toMatchObject({
      status: 200,
      body: placed.body,
    });
    const { callId } = placed.body as { callId: string };
    expect((await phone(callId, 'dial')).status).toBe(200);
    await bench.hears(customer, 'Rings');
    await bench.act({ kind: 'pick_up', chatId: customer });
    const talking = await bench.call(customer, ({ answeredAt }) => answeredAt !== null, 'they talk');
    expect(talking).toMatchObject({ id: callId, direction: 'out', state: 'in_progress' });

    expect((await agent.ask('POST', `/api/voice/calls/${callId}/hold`, { held: true })).body).toMatchObject({
      held: true,
    });
    await eventually('the agent’s side has left', async () =>
      (await bench.legs()).every((leg) => !leg.from.startsWith('client:') || leg.status === 'completed'),
    );
    expect(await bench.call(customer)).toMatchObject({ state: 'in_progress', held: true });
    expect((await agent.ask('POST', `/api/voice/calls/${callId}/hold`, { held: false })).status).toBe(200);
    await eventually(
      'the agent’s phone rings again',
      async () => (await phone(callId, 'answer')).status === 200,
    );
    expect(await bench.call(customer, ({ held }) => !held, 'they talk again')).toMatchObject({
      agent: { id: agent.userId },
    });

    expect((await agent.ask('POST', `/api/voice/calls/${callId}/hang-up`)).status).toBe(200);
    const over = await bench.call(customer, isOver, 'the call is over');
    expect(over.endReason).toBe('completed');
    expect(await bench.events(over, (all) => all.includes('ended'))).toEqual([
      'dialling',
      'ringing',
      'answered',
      'held',
      'resumed',
      'answered',
      'ended',
    ]);
  });

  test('a phone without a ticket, with a used one, or somebody else’s dials nobody', async () => {
    const bench = await voiceBench(product);
    const customer = newCaller();
    const placed = await agent.ask('POST', `/api/voice/${bench.inboxId}/calls`, {
      to: customer,
      clientCallId: 'x',
    });
    const { callId } = placed.body as { callId: string };
    await phone(callId, 'dial');
    await bench.hears(customer, 'Rings');
    await bench.act({ kind: 'hang_up', chatId: customer });
    await bench.call(customer, isOver, 'declined');
    // Again with the same ticket: nothing rings.
    await phone(callId, 'dial');
    await eventually('the phone was refused', async () =>
      (await bench.legs())
        .filter((leg) => leg.from.startsWith('client:'))
        .every((leg) => leg.status === 'completed'),
    );
    expect((await bench.legs()).filter((leg) => leg.to === customer)).toHaveLength(1);
  });

  test.each([
    ['another country', '+442071838750', 'country'],
    ['premium', '+19005550100', 'premium'],
    ['a satellite', '+881612345678', 'premium'],
    ['no number', 'hello', 'bad_number'],
  ])('%s is refused', async (_, to, code) => {
    const bench = await voiceBench(product);
    const refused = await agent.ask('POST', `/api/voice/${bench.inboxId}/calls`, {
      to,
      clientCallId: 'fraud',
    });
    expect([refused.status, refused.body.error.code]).toEqual([422, code]);
  });

  test('who is called too often is slowed down', async () => {
    const bench = await voiceBench(product, { callsPerHour: 1 });
    await product.database.query(
      "update calls set started_at = started_at - interval '2 hours' where direction = 'out'",
    );
    const first = await agent.ask('POST', `/api/voice/${bench.inboxId}/calls`, {
      to: newCaller(),
      clientCallId: 'a',
    });
    const second = await agent.ask('POST', `/api/voice/${bench.inboxId}/calls`, {
      to: newCaller(),
      clientCallId: 'b',
    });
    expect([first.status, second.status]).toEqual([201, 429]);
    await phone(first.body.callId as string, 'dial');
  });
});
