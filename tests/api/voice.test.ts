/** Calls over HTTP, without a worker: what callers hear when nothing but ingress is up, and where a call of ours may go. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { identityOf } from '#channels/voice/inbox.ts';
import { readTwiml } from '#channels/voice/sandbox/xml.ts';
import { twilioSignature } from '#channels/sms/signature.ts';
import { sweepCalls } from '../../api/voice/sweep.ts';
import {
  account,
  authToken,
  caller,
  createVoiceApi,
  names,
  newSid,
  own,
  publicUrl,
  type Seen,
  type VoiceApi,
} from '../support/voice-api.ts';

let voice: VoiceApi;
beforeAll(async () => {
  voice = await createVoiceApi();
}, 60_000);
afterAll(() => voice?.close());
beforeEach(() => voice.calm());

describe('a call comes in while no worker runs', () => {
  test('it is accepted, answered with TwiML at once, and held; then the team rings', async () => {
    await voice.online();
    const sid = newSid();
    const first = await voice.incoming(sid);
    expect([first.status, first.type, names(first)]).toEqual([200, 'text/xml', ['Pause', 'Redirect']]);
    expect(first.verbs[1]?.text).toContain(`${publicUrl}/webhooks/twilio/${voice.inboxId}/hold?call=${sid}`);
    expect(await voice.callOf(sid)).toMatchObject({
      state: 'ringing',
      direction: 'in',
      from_number: caller,
      control: null,
    });
    expect(names(await voice.next(sid))).toEqual(['Pause', 'Redirect']);
    await voice.rows(
      "update calls set started_at = started_at - interval '13 seconds' where thread_key = $1",
      [sid],
    );
    const desk = await voice.next(sid);
    expect(names(desk)).toEqual(['Dial']);
    expect(desk.verbs[0]?.children.map(({ children }) => children[0]?.text)).toEqual([
      identityOf(voice.agentId),
    ]);
    expect(await voice.callOf(sid)).toMatchObject({ control: 'desk', ringing: [voice.agentId], rang: true });
    // The same question again: the same phones.
    expect((await voice.next(sid)).verbs).toEqual(desk.verbs);
  });

  test('nobody there: voicemail; nothing said: the call ends', async () => {
    const sid = newSid();
    await voice.incoming(sid);
    await voice.rows(
      "update calls set started_at = started_at - interval '13 seconds' where thread_key = $1",
      [sid],
    );
    const mailbox = await voice.next(sid);
    expect(names(mailbox)).toEqual(['Say', 'Record', 'Redirect']);
    const query = { call: sid, who: caller, ref: 'desk', empty: '1' };
    expect(names(await voice.hook('voicemail', { CallSid: sid, From: caller, To: own }, { query }))).toEqual([
      'Hangup',
    ]);
    await voice.hook('status', {
      CallSid: sid,
      From: caller,
      To: own,
      CallStatus: 'completed',
      CallDuration: '14',
    });
    expect(await voice.callOf(sid)).toMatchObject({
      state: 'ended',
      // Nobody was free, and nothing was left: whoever called was missed.
      end_reason: 'missed',
      duration_seconds: 14,
    });
    expect(names(await voice.next(sid))).toEqual(['Hangup']);
  });

  test('nobody answers: voicemail, and its recording is an event', async () => {
    await voice.online();
    const sid = newSid();
    await voice.incoming(sid);
    await voice.rows(
      "update calls set started_at = started_at - interval '13 seconds' where thread_key = $1",
      [sid],
    );
    await voice.next(sid);
    const query = { call: sid, who: caller, ref: 'desk' };
    const fields = { CallSid: sid, From: caller, To: own, CallStatus: 'in-progress' };
    expect(names(await voice.hook('dial', { ...fields, DialCallStatus: 'no-answer' }, { query }))).toContain(
      'Record',
    );
    expect((await voice.callOf(sid))['ringing']).toEqual([]);
    await voice.hook('status', { ...fields, CallStatus: 'completed' });
    // Told after the end: the caller hung up.
    await voice.hook(
      'voicemail',
      { ...fields, RecordingUrl: 'https://api.twilio.com/RE1', RecordingDuration: '4', Digits: 'hangup' },
      { query },
    );
    expect(await voice.callOf(sid)).toMatchObject({ state: 'ended', end_reason: 'voicemail' });
    const events = await voice.rows<{ event: string }>(
      "select payload #>> '{parts,0,event}' as event from inbound_events where payload ->> 'threadKey' = $1 order by accept_no",
      [sid],
    );
    expect(events.map(({ event }) => event)).toEqual(['incoming', 'no_answer', 'missed', 'voicemail']);
  });
});

describe('a call that a flow leads', () => {
  test.each([
    ['said', {}],
    ['gather', { Digits: '1' }],
    ['dial', { DialCallStatus: 'no-answer' }],
  ])('what takes long (%s) leaves the flow its time afterwards', async (place, more) => {
    const sid = newSid();
    await voice.incoming(sid);
    await voice.rows('select call_take($1::uuid, $2)', [voice.inboxId, sid]);
    // A phone that rings for 25 seconds, a long text: longer than a caller waits for a flow.
    await voice.rows("update calls set control_at = now() - interval '30 seconds' where thread_key = $1", [
      sid,
    ]);
    const fields = { CallSid: sid, From: caller, To: own, CallStatus: 'in-progress', ...more };
    const answer = await voice.hook(place, fields, { query: { call: sid, who: caller, ref: 'r1' } });
    expect(names(answer)).toEqual(['Play', 'Redirect']);
    expect(await voice.callOf(sid)).toMatchObject({ control: 'flow' });
    // Not for ever: a flow that does nothing then loses the call to the team.
    await voice.rows("update calls set control_at = now() - interval '30 seconds' where thread_key = $1", [
      sid,
    ]);
    expect(names(await voice.next(sid))).not.toEqual(['Play', 'Redirect']);
    expect(await voice.callOf(sid)).toMatchObject({ control: 'desk' });
  });
});

describe('events', () => {
  test('every delivery of one is answered the same and stored once; ends never come twice, nothing revives a call', async () => {
    const sid = newSid();
    const [one, two] = [await voice.incoming(sid), await voice.incoming(sid)];
    expect(two.verbs).toEqual(one.verbs);
    const end = { CallSid: sid, From: caller, To: own };
    await voice.hook('status', { ...end, CallStatus: 'completed', CallDuration: '3', SequenceNumber: '1' });
    await voice.hook('status', { ...end, CallStatus: 'completed', CallDuration: '3', SequenceNumber: '1' });
    await voice.hook('status', { ...end, CallStatus: 'failed', SequenceNumber: '2' });
    const over = await voice.callOf(sid);
    expect(over).toMatchObject({ state: 'ended', end_reason: 'missed' });
    await voice.incoming(sid);
    const to = `client:${identityOf(voice.agentId)}`;
    await voice.hook(
      'leg',
      { CallSid: newSid(), From: caller, To: to, CallStatus: 'in-progress' },
      { query: { call: sid, who: caller } },
    );
    expect(await voice.callOf(sid)).toMatchObject({ state: 'ended', ended_at: over['ended_at'] });
    expect(
      await voice.rows(
        "select 1 from inbound_events where payload ->> 'threadKey' = $1 and provider_event_id like '%:end'",
        [sid],
      ),
    ).toHaveLength(1);
  });

  test('what isn’t signed by the account is nothing', async () => {
    const sid = newSid();
    expect(
      (await voice.hook('voice', { CallSid: sid, From: caller, To: own }, { token: 'another' })).status,
    ).toBe(401);
    expect(await voice.callOf(sid)).toEqual({});
  });

  test('the callback’s own address is signed too: another call can’t be named', async () => {
    const sid = newSid();
    await voice.incoming(sid);
    const fields = { AccountSid: account, CallSid: sid, From: caller, CallStatus: 'completed' };
    const url = `${publicUrl}/webhooks/twilio/${voice.inboxId}/status`;
    const answer = await voice.api.request(`/webhooks/twilio/${voice.inboxId}/status?call=CAother`, {
      as: 'nobody',
      body: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilioSignature(authToken, url, Object.entries(fields)),
      },
    });
    expect(answer.status).toBe(401);
  });
});

describe('a call of ours', () => {
  test('goes where its ticket says, whatever the phone says', async () => {
    const { callId, conversationId } = await voice.place();
    const answer = await voice.dial(callId, {
      To: '+19005550100',
      number: '+19005550100',
      callerId: '+442071838750',
    });
    expect(answer.verbs[0]).toMatchObject({
      name: 'Dial',
      attributes: { callerId: own },
      children: [{ name: 'Number', text: '+14155550123' }],
    });
    const messages = await voice.as(voice.agent, 'GET', `/api/conversations/${conversationId}/messages`);
    expect(messages.body.items[0].parts).toMatchObject([
      { kind: 'call', event: 'dialling', to: '+14155550123', by: { id: voice.agentId } },
    ]);
  });

  const refusal = ['Say', 'Hangup'];
  test('a ticket is used once, by its own voice.agent, in time, in its own inbox', async () => {
    const used = await voice.place();
    expect(names(await voice.dial(used.callId))).toEqual(['Dial']);
    expect(names(await voice.dial(used.callId))).toEqual(refusal);

    const others = await voice.place();
    expect(
      names(
        await voice.dial(others.callId, { From: `client:${identityOf(voice.api.workspace.users.admin)}` }),
      ),
    ).toEqual(refusal);

    const late = await voice.place();
    await voice.rows("update calls set ticket_until = now() - interval '1 second' where id = $1", [
      late.callId,
    ]);
    expect(names(await voice.dial(late.callId))).toEqual(refusal);

    for (const callId of ['', 'nonsense', '0199a1b2-0000-7000-8000-000000000001'])
      expect(names(await voice.dial(callId))).toEqual(refusal);
    expect(names(await voice.dial((await voice.place()).callId, { From: 'client:eve' }))).toEqual(refusal);
  });

  test('the voice.agent gives up before the other side rings: told by the phone’s own status', async () => {
    const { callId } = await voice.place();
    const sid = newSid();
    await voice.dial(callId, { CallSid: sid });
    await voice.hook('status', {
      CallSid: sid,
      From: `client:${identityOf(voice.agentId)}`,
      To: '',
      CallStatus: 'completed',
      CallDuration: '2',
    });
    expect(await voice.callOf(callId)).toMatchObject({
      state: 'ended',
      end_reason: 'cancelled',
      duration_seconds: 0,
    });
  });

  test('a ticket that nobody dials ends by itself', async () => {
    const { callId } = await voice.place();
    await voice.rows("update calls set ticket_until = now() - interval '1 second' where id = $1", [callId]);
    await sweepCalls(voice.api.deps);
    expect(await voice.callOf(callId)).toMatchObject({ state: 'ended', end_reason: 'cancelled' });
  });

  test('is handed to numbers that may be called, by whoever is on the phone', async () => {
    const { callId } = await voice.place();
    await voice.dial(callId);
    const leg = newSid();
    await voice.hook(
      'leg',
      { CallSid: leg, From: own, To: '+14155550123', CallStatus: 'in-progress' },
      { query: { call: callId, who: '+14155550123', dir: 'out' } },
    );
    expect(
      (await voice.as(voice.agent, 'POST', `/api/voice/calls/${callId}/transfer`, { to: '+19005550100' }))
        .body.error.code,
    ).toBe('premium');
    expect(
      (
        await voice.as(voice.agent, 'POST', `/api/voice/calls/${callId}/transfer`, {
          agentId: voice.api.workspace.users.admin,
        })
      ).body.error.code,
    ).toBe('agent_offline');
    await voice.as(voice.admin, 'PUT', '/api/presence', { status: 'away' });
    expect(
      (
        await voice.as(voice.agent, 'POST', `/api/voice/calls/${callId}/transfer`, {
          agentId: voice.api.workspace.users.admin,
        })
      ).body.error.code,
    ).toBe('agent_busy');
    expect(voice.asked).toEqual([]);
    expect(
      (await voice.as(voice.agent, 'POST', `/api/voice/calls/${callId}/transfer`, { to: '+14155550177' }))
        .status,
    ).toBe(200);
    expect(voice.asked.map(({ path }) => path)).toEqual([
      `/2010-04-01/Accounts/${account}/Calls/${leg}.json`,
    ]);
    expect(readTwiml(voice.asked[0]?.form.get('Twiml') ?? '')[0]).toMatchObject({
      name: 'Dial',
      children: [{ text: '+14155550177' }],
    });
  });

  test('tickets asked for at once count each other, and so do forwards', async () => {
    await voice.rows('update inboxes set settings = settings || \'{"callsPerHour": 3}\' where id = $1', [
      voice.inboxId,
    ]);
    await voice.rows(`select pg_notify('teloring_inbox', $1)`, [voice.inboxId]);
    await voice.rows("delete from calls where direction = 'out'");
    const ask = (clientCallId: string): Promise<Seen> =>
      voice.as(voice.admin, 'POST', `/api/voice/${voice.inboxId}/calls`, {
        to: '+14155550123',
        clientCallId,
      });
    const ids = Array.from({ length: 8 }, newSid);
    const answers = await Promise.all(ids.map(ask));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
    // What was given is given again.
    const first = ids[answers.findIndex(({ status }) => status === 201)] ?? '';
    expect((await ask(first)).status).toBe(200);
    // An incoming one of theirs, on to a number: the same account.
    const sid = newSid();
    await voice.incoming(sid);
    const { id } = await voice.callOf(sid);
    const to = { to: '+14155550177' };
    const ringing = await voice.as(voice.admin, 'POST', `/api/voice/calls/${String(id)}/transfer`, to);
    expect([ringing.status, ringing.body.error.code]).toEqual([409, 'not_answered']);
    await voice.hook(
      'leg',
      {
        CallSid: newSid(),
        From: caller,
        To: `client:${identityOf(voice.api.workspace.users.admin)}`,
        CallStatus: 'in-progress',
      },
      { query: { call: sid, who: caller } },
    );
    expect((await voice.as(voice.admin, 'POST', `/api/voice/calls/${String(id)}/transfer`, to)).status).toBe(
      429,
    );
    expect(voice.asked).toEqual([]);
    await voice.rows("update inboxes set settings = settings - 'callsPerHour' where id = $1", [
      voice.inboxId,
    ]);
    await voice.rows(`select pg_notify('teloring_inbox', $1)`, [voice.inboxId]);
  });

  test('of which Twilio tells nothing for a day is over: its agent isn’t busy for ever', async () => {
    const sid = newSid();
    await voice.incoming(sid);
    voice.answer(401, { code: 20003, message: 'Authenticate' });
    for (const [hours, state] of [
      [23, 'ringing'],
      [25, 'ended'],
    ] as const) {
      await voice.rows(
        'update calls set started_at = now() - make_interval(hours => $2) where thread_key = $1',
        [sid, hours],
      );
      await sweepCalls(voice.api.deps);
      expect(await voice.callOf(sid)).toMatchObject({ state });
    }
  });

  test('whose end we missed is voice.asked for', async () => {
    const sid = newSid();
    await voice.incoming(sid);
    await voice.rows(
      "update calls set started_at = started_at - interval '10 minutes' where thread_key = $1",
      [sid],
    );
    voice.answer(200, { sid, status: 'in-progress' });
    await sweepCalls(voice.api.deps);
    expect(await voice.callOf(sid)).toMatchObject({ state: 'ringing' });
    voice.answer(200, { sid, status: 'completed', duration: '33' });
    await sweepCalls(voice.api.deps);
    expect(await voice.callOf(sid)).toMatchObject({ state: 'ended', duration_seconds: 33 });
  });
});
