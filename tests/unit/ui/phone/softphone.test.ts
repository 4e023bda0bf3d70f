import { describe, expect, it } from 'vitest';
import { MicFailure } from '../../../../studio-ui/src/features/phone/engine.ts';
import { fakeLeg, fakePhone, refused, settled, type FakePhone } from './fakes.ts';

const party = { number: '+4930901820', name: null };
const dial = { do: 'dial', inboxId: 'inbox-1', to: '+4930901820', party } as const;
const told = ({ reports }: FakePhone) => reports.map(({ event }) => event);

describe('the softphone', () => {
  it('takes a call, tells what happens in order, and wraps up', async () => {
    const fake = await fakePhone();
    const { softphone, state } = fake;
    const leg = fakeLeg({ name: 'Ada' });
    fake.server.call = { wrapUpUntil: new Date(fake.now.ms + 15_000).toISOString() };
    fake.offer(leg);
    expect(state().call).toMatchObject({ phase: 'ringing_in', party: { name: 'Ada' } });
    await softphone.carryOut({ do: 'answer' });
    leg.say({ kind: 'connected' });
    await softphone.carryOut({ do: 'hold', isHeld: true });
    leg.say({ kind: 'held' });
    leg.say({ kind: 'resumed' });
    await softphone.carryOut({ do: 'mute', isMuted: true });
    await softphone.carryOut({ do: 'digit', digit: '5' });
    await settled();
    expect(state().call).toMatchObject({
      phase: 'active',
      isMuted: true,
      digits: '5',
      conversationId: 'conv-1',
    });
    leg.say({ kind: 'ended', end: { reason: 'completed' } });
    await settled();
    expect(told(fake)).toEqual(['ringing', 'answered', 'held', 'resumed', 'ended']);
    // The first says who calls where, and each has an id of its own.
    expect(fake.reports[0]).toMatchObject({
      inboxId: 'inbox-1',
      from: '+442079460000',
      name: 'Ada',
      providerCallId: 'sip-call-1',
    });
    expect(new Set(fake.reports.map(({ eventId }) => eventId)).size).toBe(5);
    expect(leg.did).toEqual(['answer', 'hold', 'mute', 'digit 5']);
    expect(state()).toMatchObject({ call: { phase: 'wrap_up' }, wrapUpUntilMs: fake.now.ms + 15_000 });
    await softphone.carryOut({ do: 'ready' });
    expect(state()).toMatchObject({ call: null, wrapUpUntilMs: null });
    expect(fake.calls).toEqual([`wrap up ${fake.reports[0]?.callId} 0`]);
  });

  it('gives one call the same id in every browser it rings in', async () => {
    const [one, other, another] = await Promise.all([fakePhone(), fakePhone(), fakePhone()]);
    one.offer(fakeLeg());
    other.offer(fakeLeg());
    another.offer(fakeLeg({ ref: 'sip-call-2' }));
    await settled();
    const ids = [one, other, another].map(({ reports }) => reports[0]?.callId ?? '');
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(ids[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it('is busy during a call, its wrap-up, and when its person takes none', async () => {
    const fake = await fakePhone();
    fake.offer(fakeLeg());
    const second = fakeLeg({ ref: 'sip-call-2' });
    fake.offer(second);
    expect(second.did).toEqual(['decline busy']);
    expect(fake.state().call?.phase).toBe('ringing_in');

    const away = await fakePhone();
    away.available = false;
    const third = fakeLeg();
    away.offer(third);
    expect(third.did).toEqual(['decline busy']);
    expect(away.reports).toEqual([]);

    const wrapping = await fakePhone();
    const leg = fakeLeg();
    wrapping.server.call = { wrapUpUntil: new Date(wrapping.now.ms + 15_000).toISOString() };
    wrapping.offer(leg);
    leg.say({ kind: 'connected' });
    await settled();
    leg.say({ kind: 'ended', end: { reason: 'completed' } });
    await settled();
    const fourth = fakeLeg({ ref: 'sip-call-4' });
    wrapping.offer(fourth);
    expect(fourth.did).toEqual(['decline busy']);
    wrapping.now.ms += 16_000;
    const fifth = fakeLeg({ ref: 'sip-call-5' });
    wrapping.offer(fifth);
    expect(fifth.did).toEqual([]);
  });

  it.each([
    [{ reason: 'missed' }, ['ringing', 'ended'], 487, 'You missed a call from +44 20 7946 0000.'],
    [{ reason: 'declined' }, ['ringing', 'failed'], 603, undefined],
    [
      { reason: 'answered_elsewhere' },
      ['ringing'],
      undefined,
      'The call from +44 20 7946 0000 was answered elsewhere.',
    ],
  ] as const)('an unanswered call: %o', async (end, events, sipCode, words) => {
    const fake = await fakePhone();
    const leg = fakeLeg();
    fake.offer(leg);
    leg.say({ kind: 'ended', end });
    await settled();
    expect(told(fake)).toEqual(events);
    expect(fake.reports.at(-1)?.sipCode).toBe(sipCode);
    // A colleague whose phone took it speaks first.
    expect(fake.calls).toEqual(end.reason === 'missed' ? ['wait 2000'] : []);
    expect(fake.state().call).toBeNull();
    expect(fake.state().notice?.words).toBe(words);
  });

  it('dials with a ticket of the server, and tells how it went', async () => {
    const fake = await fakePhone();
    const leg = fakeLeg({ number: '+4930901820' });
    fake.nextLeg = { leg };
    await fake.softphone.carryOut(dial);
    expect(fake.placed.map(({ to }) => to)).toEqual(['+4930901820']);
    expect(fake.state().call).toMatchObject({
      phase: 'connecting',
      callId: 'server-call',
      conversationId: 'conv-1',
    });
    leg.say({ kind: 'ringing' });
    leg.say({ kind: 'ended', end: { reason: 'busy', code: '486' } });
    await settled();
    expect(fake.reports.map(({ event, callId, sipCode }) => ({ event, callId, sipCode }))).toEqual([
      { event: 'ringing', callId: 'server-call', sipCode: undefined },
      { event: 'failed', callId: 'server-call', sipCode: 486 },
    ]);
    expect(fake.state().notice?.words).toBe('+49 30 901820 is on another call.');
  });

  it('places nothing that the server refuses, and nothing without a microphone', async () => {
    const fake = await fakePhone();
    fake.server.placeFailure = refused(422);
    await expect(fake.softphone.carryOut(dial)).rejects.toThrow(
      'The call wasn’t placed. The server said no.',
    );
    expect(fake.placed).toEqual([]);
    expect(fake.state().call).toBeNull();
    fake.server.placeFailure = null;
    fake.nextLeg = { failure: new MicFailure('denied', 'No microphone.') };
    await expect(fake.softphone.carryOut(dial)).rejects.toThrow('No microphone');
    expect(fake.state()).toMatchObject({ call: null, mic: 'denied' });
    await settled();
    // The server has given a ticket: it hears that nothing came of it.
    expect(told(fake)).toEqual(['failed']);
  });

  it('lets go of a call that was hung up while it was being placed', async () => {
    const fake = await fakePhone();
    let go: () => void = () => undefined;
    fake.server.holdPlace = new Promise((resolve) => (go = resolve));
    const dialling = fake.softphone.carryOut(dial);
    await settled();
    await fake.softphone.carryOut({ do: 'hang_up' });
    expect(fake.state().call).toBeNull();
    go();
    await dialling;
    await settled();
    expect(fake.placed).toEqual([]);
    expect(fake.reports).toMatchObject([{ event: 'failed', sipCode: 487, callId: 'server-call' }]);
    await expect(fake.softphone.carryOut(dial)).resolves.toBeUndefined();
  });

  it('keeps a ringing call when the microphone is refused', async () => {
    const fake = await fakePhone();
    const leg = fakeLeg();
    leg.answerFailure = new MicFailure('denied', 'No microphone.');
    fake.offer(leg);
    await expect(fake.softphone.carryOut({ do: 'answer' })).rejects.toThrow('No microphone');
    expect(fake.state()).toMatchObject({ mic: 'denied', call: { phase: 'ringing_in' } });
    leg.answerFailure = null;
    await fake.softphone.carryOut({ do: 'answer' });
    expect(fake.state()).toMatchObject({ mic: 'ok', call: { phase: 'connecting' } });
  });

  it('keeps what it has to tell until the server takes it, and sends no heartbeat before', async () => {
    const fake = await fakePhone();
    fake.server.failure = refused(503);
    const leg = fakeLeg();
    fake.offer(leg);
    leg.say({ kind: 'connected' });
    await settled();
    fake.softphone.heartbeat();
    expect(fake.heartbeats).toEqual([]);
    expect(fake.state().unsent).toBe(2);
    fake.server.failure = null;
    fake.softphone.hurry();
    await settled();
    expect(told(fake)).toEqual(['ringing', 'answered']);
    expect(fake.state().unsent).toBe(0);
    fake.softphone.heartbeat();
    expect(fake.heartbeats).toEqual([fake.reports[0]?.callId]);
    leg.say({ kind: 'ended', end: { reason: 'completed' } });
    await settled();
    fake.softphone.heartbeat();
    expect(fake.heartbeats).toHaveLength(1);
  });

  it('tells after a crash what the tab before it has left', async () => {
    const crashed = await fakePhone();
    crashed.server.failure = refused(0);
    crashed.offer(fakeLeg());
    await settled();
    const next = await fakePhone({ stored: crashed.storage.text ?? '' });
    await settled();
    expect(next.reports).toMatchObject([{ event: 'ringing', from: '+442079460000' }]);
    next.softphone.noteCut('Ada');
    expect(next.state().notice?.words).toContain('your call to Ada was closed');
  });

  it('transfers, and is done when they speak to each other', async () => {
    const fake = await fakePhone();
    const leg = fakeLeg();
    fake.offer(leg);
    leg.say({ kind: 'connected' });
    await fake.softphone.carryOut({ do: 'transfer', to: '201', shown: '201' });
    leg.say({ kind: 'transfer_refused', reason: 'they are on another call' });
    expect(fake.state().notice?.words).toContain('they are on another call. You are still connected.');
    await fake.softphone.carryOut({ do: 'transfer', to: '202', shown: '202' });
    leg.say({ kind: 'transfer_accepted' });
    leg.say({ kind: 'ended', end: { reason: 'completed' } });
    await settled();
    expect(leg.did).toEqual(['transfer 201', 'transfer 202', 'hang up']);
    expect(fake.reports.slice(1)).toMatchObject([
      { event: 'answered' },
      { event: 'transferred', to: '202' },
      { event: 'ended' },
    ]);
  });

  it('asks a colleague first, and comes back or connects them', async () => {
    const fake = await fakePhone();
    const leg = fakeLeg();
    const asked = fakeLeg({ ref: 'asked', number: '201' });
    fake.offer(leg);
    leg.say({ kind: 'connected' });
    fake.nextLeg = { leg: asked };
    const consult = { do: 'consult', to: '201', party: { number: '201', name: 'Ben' } } as const;
    await fake.softphone.carryOut(consult);
    asked.say({ kind: 'connected' });
    expect(fake.state().consult).toMatchObject({ phase: 'active', party: { name: 'Ben' } });
    await fake.softphone.carryOut({ do: 'end_consult' });
    expect(asked.did).toEqual(['hang up']);
    expect(leg.did).toEqual(['hold', 'resume']);

    const again = fakeLeg({ ref: 'again', number: '201' });
    fake.nextLeg = { leg: again };
    await fake.softphone.carryOut(consult);
    again.say({ kind: 'connected' });
    await fake.softphone.carryOut({ do: 'complete_transfer' });
    expect(leg.did.at(-1)).toBe('transfer to again');
    // Replaced by the call they were given, before we hear that it came about.
    again.say({ kind: 'ended', end: { reason: 'completed' } });
    expect(leg.did.at(-1)).toBe('transfer to again');
    leg.say({ kind: 'transfer_accepted' });
    expect(leg.did.at(-1)).toBe('hang up');
  });

  it('comes back to the caller where a transfer fails after the colleague has gone', async () => {
    const fake = await fakePhone();
    const leg = fakeLeg();
    const asked = fakeLeg({ ref: 'asked' });
    fake.offer(leg);
    leg.say({ kind: 'connected' });
    fake.nextLeg = { leg: asked };
    await fake.softphone.carryOut({ do: 'consult', to: '201', party: { number: '201', name: null } });
    asked.say({ kind: 'connected' });
    await fake.softphone.carryOut({ do: 'complete_transfer' });
    asked.say({ kind: 'ended', end: { reason: 'completed' } });
    leg.say({ kind: 'transfer_refused', reason: 'they declined' });
    expect(leg.did).toEqual(['hold', 'transfer to asked', 'resume']);
    expect(fake.state().notice?.words).toContain('they declined');
  });

  it('leaves nobody on the line who was asked when the caller hangs up', async () => {
    const fake = await fakePhone();
    const leg = fakeLeg();
    const asked = fakeLeg({ ref: 'asked' });
    fake.offer(leg);
    leg.say({ kind: 'connected' });
    fake.nextLeg = { leg: asked };
    await fake.softphone.carryOut({ do: 'consult', to: '201', party: { number: '201', name: null } });
    leg.say({ kind: 'ended', end: { reason: 'completed' } });
    expect(asked.did).toEqual(['hang up']);
    expect(fake.state()).toMatchObject({ consult: null, call: { phase: 'wrap_up' } });
  });

  it('lets the server hold, transfer and keep the records where it sees the call', async () => {
    const fake = await fakePhone({ isOnlyWitness: false });
    const leg = fakeLeg({ isServers: true, params: { callId: 'server-call', conversationId: 'conv-1' } });
    fake.offer(leg);
    leg.say({ kind: 'connected' });
    await fake.softphone.carryOut({ do: 'hold', isHeld: true });
    expect(fake.state().call?.phase).toBe('held');
    await fake.softphone.carryOut({ do: 'transfer', to: '', shown: 'Ben', agentId: 'ben' });
    fake.softphone.heartbeat();
    leg.say({ kind: 'ended', end: { reason: 'completed' } });
    await settled();
    expect(fake.calls).toEqual(['hold server-call true', 'transfer server-call {"agentId":"ben"}']);
    expect([...fake.reports, ...fake.heartbeats]).toEqual([]);
    expect(fake.state().canConsult).toBe(false);
  });

  describe('held in the provider’s cloud, which takes its leg', () => {
    const talk = async (): Promise<FakePhone> => {
      const fake = await fakePhone({ isOnlyWitness: false });
      const leg = fakeLeg({ isServers: true, params: { callId: 'server-call', conversationId: 'conv-1' } });
      fake.offer(leg);
      leg.say({ kind: 'connected' });
      await fake.softphone.carryOut({ do: 'mute', isMuted: true });
      leg.say({ kind: 'muted', isMuted: true });
      await fake.softphone.carryOut({ do: 'hold', isHeld: true });
      leg.say({ kind: 'ended', end: { reason: 'completed' } });
      await settled();
      expect(fake.state().call?.phase).toBe('held');
      return fake;
    };

    it('comes back by the leg that rings again, which is answered by itself', async () => {
      const fake = await talk();
      fake.available = false;
      await fake.softphone.carryOut({ do: 'hold', isHeld: false });
      const back = fakeLeg({ isServers: true, params: { callId: 'server-call', reason: 'resume' } });
      fake.offer(back);
      await settled();
      expect(back.did).toEqual(['answer', 'mute']);
      back.say({ kind: 'connected' });
      expect(fake.state().call).toMatchObject({ phase: 'active', callId: 'server-call' });
      expect(fake.calls).toEqual(['hold server-call true', 'hold server-call false']);
      back.say({ kind: 'ended', end: { reason: 'completed' } });
      expect(fake.state().call?.phase).toBe('wrap_up');
    });

    it('is still hung up and handed over, and other calls are refused', async () => {
      const one = await talk();
      const other = fakeLeg({ isServers: true, params: { callId: 'another' } });
      one.offer(other);
      expect(other.did).toEqual(['decline busy']);
      await one.softphone.carryOut({ do: 'hang_up' });
      expect(one.calls).toEqual(['hold server-call true', 'hang up server-call']);
      expect(one.state().call?.phase).toBe('wrap_up');

      const two = await talk();
      await two.softphone.carryOut({ do: 'transfer', to: '', shown: 'Ben', agentId: 'ben' });
      expect(two.calls).toEqual(['hold server-call true', 'transfer server-call {"agentId":"ben"}']);
      expect(two.state().call?.phase).toBe('wrap_up');
    });

    it('is over when whoever waited has gone: the server says so', async () => {
      const fake = await talk();
      fake.server.call = { state: 'ended' };
      await fake.softphone.onServerCall('server-call');
      expect(fake.state().call?.phase).toBe('wrap_up');
    });

    it('keeps its call also where the leg goes before the server has answered', async () => {
      const fake = await fakePhone({ isOnlyWitness: false });
      const leg = fakeLeg({ isServers: true, params: { callId: 'server-call' } });
      fake.offer(leg);
      leg.say({ kind: 'connected' });
      const holding = fake.softphone.carryOut({ do: 'hold', isHeld: true });
      leg.say({ kind: 'ended', end: { reason: 'completed' } });
      await holding;
      expect(fake.state().call?.phase).toBe('held');
    });
  });

  it('says who took a call that stopped ringing, where only the server knows', async () => {
    const fake = await fakePhone({ isOnlyWitness: false });
    const leg = fakeLeg({ isServers: true, params: { callId: 'server-call' } });
    fake.server.call = { agent: { id: 'ben', name: 'Ben' } };
    fake.offer(leg);
    leg.say({ kind: 'ended', end: { reason: 'missed' } });
    await settled();
    expect(fake.state().notice?.words).toBe('The call from +44 20 7946 0000 was answered elsewhere.');
  });

  it('hangs up and writes it down when its tab goes', async () => {
    const fake = await fakePhone();
    const leg = fakeLeg();
    fake.offer(leg);
    leg.say({ kind: 'connected' });
    await settled();
    fake.softphone.stop();
    leg.say({ kind: 'ended', end: { reason: 'completed' } });
    await settled();
    expect(fake.calls).toContain('engine stopped');
    expect(fake.storage.text).toContain('"event":"ended"');
  });
});
