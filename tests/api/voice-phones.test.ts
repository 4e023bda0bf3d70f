/** Agents’ phones and presence over HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { identityOf } from '#channels/voice/inbox.ts';
import { readTwiml } from '#channels/voice/sandbox/xml.ts';
import { poolOf } from '#db/client.ts';
import { showPassed } from '#db/presence.ts';
import { sweepCalls } from '../../api/voice/sweep.ts';
import {
  authToken,
  caller,
  createVoiceApi,
  names,
  newSid,
  own,
  type VoiceApi,
} from '../support/voice-api.ts';

let voice: VoiceApi;
beforeAll(async () => {
  voice = await createVoiceApi();
}, 60_000);
afterAll(() => voice?.close());
beforeEach(() => voice.calm());

describe('a phone', () => {
  test('gets a token and none of the account’s secrets; that is written down', async () => {
    const { status, body } = await voice.as(voice.agent, 'POST', `/api/voice/${voice.inboxId}/session`);
    expect([status, body.provider, body.identity]).toEqual([200, 'twilio', identityOf(voice.agentId)]);
    for (const secret of [authToken, 'the secret of the key']) {
      expect(JSON.stringify(body)).not.toContain(secret);
      expect(Buffer.from(String(body.token).split('.')[1] ?? '', 'base64url').toString()).not.toContain(
        secret,
      );
    }
    expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThanOrEqual(3_600_000);
    expect(
      await voice.rows("select 1 from audit_log where action = 'phone.opened' and actor_id = $1", [
        voice.agentId,
      ]),
    ).not.toEqual([]);
  });

  test('of an exchange gets its account for phones; with a realm only a hash', async () => {
    const { body } = await voice.as(voice.agent, 'POST', `/api/voice/${voice.sipId}/session`);
    expect(body).toMatchObject({
      provider: 'sip',
      uri: 'sip:desk@pbx.example',
      password: 'the password of it',
      iceServers: [
        { urls: ['stun:stun.example'] },
        { urls: ['turn:turn.example:3478'], username: 'user', credential: 'secret' },
      ],
    });
  });

  test('is a person’s: an API key has none, another workspace neither', async () => {
    expect(
      (
        await voice.api.request(`/api/voice/${voice.inboxId}/session`, {
          method: 'POST',
          as: 'agent',
          body: {},
        })
      ).status,
    ).toBe(422);
    const stranger = await voice.api.signIn('agent', voice.api.other);
    expect((await voice.as(stranger, 'POST', `/api/voice/${voice.inboxId}/session`)).status).toBe(404);
    expect(
      (
        await voice.as(stranger, 'POST', `/api/voice/${voice.inboxId}/calls`, {
          to: '+14155550123',
          clientCallId: 'x',
        })
      ).status,
    ).toBe(404);
  });
});

describe('calls of an exchange, told by the phones', () => {
  const report = (cookie: string, callId: string, body: Record<string, unknown>) =>
    voice.as(cookie, 'POST', `/api/voice/calls/${callId}/events`, { eventId: newSid(), ...body });
  const ring = async (): Promise<string> => {
    const callId = crypto.randomUUID();
    const told = await report(voice.agent, callId, {
      event: 'ringing',
      inboxId: voice.sipId,
      from: 'sip:+14155550142@carrier.example',
      name: 'Grace',
    });
    expect([told.status, told.body.error]).toEqual([200, undefined]);
    return callId;
  };

  test('an incoming one makes its conversation; it is answered, held and over, each once', async () => {
    const callId = await ring();
    const answered = { eventId: 'one', event: 'answered' };
    expect((await report(voice.agent, callId, answered)).body).toMatchObject({
      state: 'in_progress',
      agent: { id: voice.agentId },
      provider: 'sip',
    });
    await report(voice.agent, callId, answered);
    await report(voice.agent, callId, { event: 'held' });
    expect((await report(voice.agent, callId, { event: 'resumed' })).body).toMatchObject({ held: false });
    const over = await report(voice.agent, callId, { event: 'ended' });
    expect(over.body).toMatchObject({ state: 'ended', endReason: 'completed', contact: { name: 'Grace' } });
    await report(voice.agent, callId, { event: 'failed', sipCode: 500 });
    const { body } = await voice.as(
      voice.agent,
      'GET',
      `/api/conversations/${over.body.conversationId}/messages`,
    );
    const events = body.items.map(({ parts }: { parts: { event: string }[] }) => parts[0]?.event);
    expect(events).toEqual(['incoming', 'ringing', 'answered', 'held', 'resumed', 'ended']);
  });

  test('a colleague’s phone that rang too says nothing of the call itself', async () => {
    const callId = await ring();
    await report(voice.admin, callId, { event: 'failed', sipCode: 603 });
    expect(await voice.callOf(callId)).toMatchObject({ state: 'ringing' });
    await report(voice.agent, callId, { event: 'answered' });
    await report(voice.admin, callId, { event: 'ended', sipCode: 487 });
    expect(await voice.callOf(callId)).toMatchObject({ state: 'in_progress', agent_id: voice.agentId });
  });

  test('one whose phone fell silent ends as lost; heartbeats keep it', async () => {
    const callId = await ring();
    await report(voice.agent, callId, { event: 'answered' });
    await voice.rows("update calls set seen_at = now() - interval '50 seconds' where id = $1", [callId]);
    await report(voice.agent, callId, { event: 'heartbeat' });
    await sweepCalls(voice.api.deps);
    expect(await voice.callOf(callId)).toMatchObject({ state: 'in_progress' });
    await voice.rows("update calls set seen_at = now() - interval '50 seconds' where id = $1", [callId]);
    await sweepCalls(voice.api.deps);
    await sweepCalls(voice.api.deps);
    expect(await voice.callOf(callId)).toMatchObject({ state: 'ended', end_reason: 'connection_lost' });
    // The phone comes back: nothing revives it.
    await report(voice.agent, callId, { event: 'answered' });
    expect(await voice.callOf(callId)).toMatchObject({ state: 'ended' });
  });

  test('silence while we were away ourselves ends nothing: phones get their time to speak again', async () => {
    const callId = await ring();
    await report(voice.agent, callId, { event: 'answered' });
    await voice.rows("update calls set seen_at = now() - interval '5 minutes' where id = $1", [callId]);
    await sweepCalls(voice.api.deps, { upSeconds: 3 });
    expect(await voice.callOf(callId)).toMatchObject({ state: 'in_progress' });
    await sweepCalls(voice.api.deps, { upSeconds: 60 });
    expect(await voice.callOf(callId)).toMatchObject({ state: 'ended', end_reason: 'connection_lost' });
  });

  test.each(['9999-12-31T23:59:59Z', '0001-01-01T00:00:00Z'])(
    'a browser’s clock at %s breaks no record',
    async (at) => {
      const callId = await ring();
      await report(voice.agent, callId, { event: 'answered' });
      const over = await report(voice.agent, callId, { event: 'ended', at });
      expect([over.status, over.body.state]).toEqual([200, 'ended']);
      expect(Date.parse(over.body.endedAt)).toBeLessThanOrEqual(Date.now() + 1000);
      expect(Date.parse(over.body.endedAt)).toBeGreaterThan(Date.now() - 8 * 86_400_000);
    },
  );

  test('one of ours is told by who placed it; nobody else, and no other workspace', async () => {
    const placed = await voice.as(voice.agent, 'POST', `/api/voice/${voice.sipId}/calls`, {
      to: '+14155550123',
      clientCallId: 'sip',
    });
    const { callId } = placed.body as { callId: string };
    expect((await report(voice.admin, callId, { event: 'answered' })).status).toBe(403);
    const stranger = await voice.api.signIn('agent', voice.api.other);
    expect((await report(stranger, callId, { event: 'answered' })).status).toBe(404);
    expect(
      (await report(stranger, callId, { event: 'ringing', inboxId: voice.sipId, from: 'x' })).status,
    ).toBe(404);
    for (const path of ['hold', 'transfer', 'hang-up', 'wrap-up'])
      expect(
        (
          await voice.as(stranger, 'POST', `/api/voice/calls/${callId}/${path}`, {
            held: true,
            to: '+14155550123',
          })
        ).status,
      ).toBe(404);
    expect((await voice.as(stranger, 'GET', `/api/voice/calls/${callId}`)).status).toBe(404);
    expect((await voice.as(stranger, 'GET', '/api/voice/calls')).body.items).toEqual([]);
    const busy = await report(voice.agent, callId, { event: 'failed', sipCode: 486 });
    expect(busy.body).toMatchObject({ state: 'ended', endReason: 'busy' });
  });

  test('a Twilio call isn’t told by phones', async () => {
    const { callId } = await voice.place();
    expect((await report(voice.agent, callId, { event: 'answered' })).status).toBe(422);
    expect(
      (
        await report(voice.agent, crypto.randomUUID(), {
          event: 'ringing',
          inboxId: voice.inboxId,
          from: 'x',
        })
      ).status,
    ).toBe(422);
  });
});

describe('a caller on hold', () => {
  test('hears music, not for ever: then the team rings, and whoever answers has it', async () => {
    await voice.online();
    const sid = newSid();
    await voice.incoming(sid);
    const callback = { query: { call: sid, who: caller } };
    const answeredBy = (userId: string) =>
      voice.hook(
        'leg',
        { CallSid: newSid(), From: caller, To: `client:${identityOf(userId)}`, CallStatus: 'in-progress' },
        callback,
      );
    const { admin } = voice.api.workspace.users;
    await answeredBy(admin);
    const { id } = await voice.callOf(sid);
    const held = await voice.as(voice.admin, 'POST', `/api/voice/calls/${String(id)}/hold`, { held: true });
    expect(held.body).toMatchObject({ held: true, agent: { id: admin } });
    const [play, redirect] = readTwiml(voice.asked[0]?.form.get('Twiml') ?? '');
    expect(play).toMatchObject({ name: 'Play', attributes: { loop: '5' } });
    expect(redirect?.text).toContain(`/hold?call=${sid}`);
    // The admin's browser is gone; Twilio follows the redirect.
    await voice.rows("update calls set started_at = now() - interval '16 minutes' where thread_key = $1", [
      sid,
    ]);
    expect(names(await voice.next(sid))).toEqual(['Dial']);
    await answeredBy(voice.agentId);
    expect(await voice.callOf(sid)).toMatchObject({
      agent_id: voice.agentId,
      held: false,
      state: 'in_progress',
    });
  });
});

describe('presence', () => {
  const mine = async (): Promise<{ status: string; chosen: string; callId: string | null }> =>
    (await voice.as(voice.agent, 'GET', '/api/presence')).body.items.find(
      ({ userId }: { userId: string }) => userId === voice.agentId,
    );
  const told = async (): Promise<number> =>
    (
      await voice.rows("select 1 from ui_events where name = 'presence.updated' and data ->> 'userId' = $1", [
        voice.agentId,
      ])
    ).length;

  test('offline until seen, offline a minute after; the screens are told each time', async () => {
    expect(await mine()).toMatchObject({ status: 'offline', chosen: 'online' });
    const before = await told();
    await voice.online();
    expect(await mine()).toMatchObject({ status: 'online' });
    await voice.rows("update presences set seen_at = now() - interval '61 seconds'");
    expect(await mine()).toMatchObject({ status: 'offline' });
    await showPassed(poolOf(voice.api.database.engine));
    await showPassed(poolOf(voice.api.database.engine));
    expect((await told()) - before).toBe(2);
  });

  test('busy on the phone and after it, then what was chosen', async () => {
    await voice.online();
    const sid = newSid();
    await voice.incoming(sid);
    const to = `client:${identityOf(voice.agentId)}`;
    await voice.hook(
      'leg',
      { CallSid: newSid(), From: caller, To: to, CallStatus: 'in-progress' },
      { query: { call: sid, who: caller } },
    );
    expect(await mine()).toMatchObject({ status: 'busy', callId: (await voice.callOf(sid))['id'] });
    await voice.hook('status', {
      CallSid: sid,
      From: caller,
      To: own,
      CallStatus: 'completed',
      CallDuration: '9',
    });
    expect(await mine()).toMatchObject({ status: 'busy', callId: null });
    const id = String((await voice.callOf(sid))['id']);
    expect(
      (await voice.as(voice.admin, 'POST', `/api/voice/calls/${id}/wrap-up`, { seconds: 0 })).status,
    ).toBe(403);
    expect(
      (await voice.as(voice.agent, 'POST', `/api/voice/calls/${id}/wrap-up`, { seconds: 0 })).status,
    ).toBe(200);
    expect(await mine()).toMatchObject({ status: 'online' });
  });

  test('an open event stream is a sign of life', async () => {
    const stream = await voice.api.request('/api/events', { cookie: voice.agent });
    const reader = stream.body?.getReader();
    await reader?.read();
    await expect.poll(async () => (await mine()).status).toBe('online');
    await reader?.cancel();
  });
});
