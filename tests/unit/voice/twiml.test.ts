import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import twilio from 'twilio';
import { voiceSettings } from '#channels/voice/definition.ts';
import { identityOf, userOf, type VoiceInbox } from '#channels/voice/inbox.ts';
import type { HttpClient } from '#channels/http.ts';
import type { VoiceDesk } from '#channels/voice/desk.ts';
import { respondVoice } from '#channels/voice/respond.ts';
import { sendVoice } from '#channels/voice/send.ts';
import { readTwiml } from '#channels/voice/sandbox/xml.ts';
import { instructed, ringing, type SayTo } from '#channels/voice/say.ts';
import { accessToken } from '#channels/voice/token.ts';
import { twiml, verb } from '#channels/voice/twiml.ts';

const settings = voiceSettings.parse({});
const to: SayTo = {
  settings,
  webhookUrl: 'https://teloring.example/webhooks/twilio/inbox',
  of: { call: 'CA1', who: '+15551234567', ref: 'r1' },
};

describe('TwiML', () => {
  test('whatever is said is text, never markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [say] = readTwiml(twiml(verb('Say', { voice: text }, text)));
        const shown = text
          .toWellFormed()
          // oxlint-disable-next-line no-control-regex -- what XML has no place for
          .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
        expect(say?.text).toBe(shown);
        expect(say?.children).toEqual([]);
      }),
    );
    expect(twiml(verb('Say', {}, '</Say><Dial>+1900</Dial>'))).not.toContain('<Dial>');
  });

  test('is what Twilio’s own library writes', () => {
    const theirs = new twilio.twiml.VoiceResponse();
    const dial = theirs.dial({
      timeout: 20,
      answerOnBridge: true,
      action:
        'https://teloring.example/webhooks/twilio/inbox/dial?call=CA1&who=%2B15551234567&ref=r1#rc=3&rp=all',
      method: 'POST',
    });
    const client = dial.client({
      statusCallback:
        'https://teloring.example/webhooks/twilio/inbox/leg?call=CA1&who=%2B15551234567&ref=r1#rc=3&rp=all',
      statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      statusCallbackMethod: 'POST',
    });
    client.identity('agent_a_b');
    client.parameter({ name: 'callId', value: 'id' });
    client.parameter({ name: 'reason', value: 'incoming' });
    expect(readTwiml(twiml(...ringing(to, { userIds: ['a-b'], callId: 'id', timeoutSeconds: 20 })))).toEqual(
      readTwiml(theirs.toString()),
    );
  });

  test('ten phones are more than can be put into a call: Twilio is sent to fetch them', async () => {
    const userIds = Array.from({ length: 10 }, (_, n) => `0199a1b2-0000-7000-8000-00000000000${n}`);
    const forms: URLSearchParams[] = [];
    const inbox = {
      id: 'inbox',
      workspaceId: 'w',
      type: 'voice',
      accountKey: '+12025550100',
      sandbox: false,
      settings: {},
      urls: { api: 'https://api.twilio.com' },
      credentials: { provider: 'twilio', accountSid: 'AC1', authToken: 'token', webhookUrl: to.webhookUrl },
    } as unknown as VoiceInbox; // what the sender reads of it
    const desk = {
      take: async () => 'ok',
      ring: async () => userIds,
      callAt: async () => ({ id: 'the-call', state: 'in_progress' }),
    } as unknown as VoiceDesk; // what a ring asks
    const http = {
      request: async ({ body }: { body: string }) => {
        forms.push(new URLSearchParams(body));
        const answer = new TextEncoder().encode('{"sid":"CA1","status":"in-progress"}');
        return { status: 200, headers: {}, body: answer };
      },
    } as unknown as HttpClient;
    await sendVoice(
      { http, desk },
      inbox,
      {
        id: 'm',
        conversationId: 'c',
        contactExternalId: '+15551234567',
        threadKey: 'CA1',
        replyAddress: { callSid: 'CA1' },
        parts: [
          {
            kind: 'call',
            event: 'ring',
            ref: 'r1',
            instruction: { do: 'ring', strategy: 'all', timeoutSeconds: 33 },
          },
        ],
        author: 'bot',
        lastInAtMs: null,
        sentSinceLastIn: 0,
        attempt: 1,
      },
      {
        key: 'k',
        signal: AbortSignal.timeout(1000),
        media: () => Promise.reject(new Error('none')),
        mediaUrl: () => Promise.reject(new Error('none')),
      },
    );
    const put = forms[0]?.get('Twiml') ?? '';
    expect(put.length).toBeLessThanOrEqual(4000);
    const [redirect] = readTwiml(put);
    expect(redirect?.name).toBe('Redirect');
    const answer = await respondVoice(desk, inbox, {
      method: 'POST',
      url: redirect?.text ?? '',
      receivedAtMs: 0,
      headers: {},
      body: new TextEncoder().encode('CallSid=CA1&From=%2B15551234567&To=%2B12025550100'),
    });
    expect(readTwiml(answer.text)).toEqual(
      readTwiml(twiml(...ringing(to, { userIds, callId: 'the-call', timeoutSeconds: 33 }))),
    );
  });

  test('a question waits for digits or speech and always comes back', () => {
    const [gather] = readTwiml(
      instructed(to, {
        do: 'gather',
        text: 'Press 1 & wait',
        input: 'both',
        numDigits: 1,
        timeoutSeconds: 5,
      }),
    );
    expect(gather).toMatchObject({
      name: 'Gather',
      attributes: { input: 'dtmf speech', numDigits: '1', actionOnEmptyResult: 'true' },
      children: [{ name: 'Say', text: 'Press 1 & wait' }],
    });
    expect(gather?.attributes['action']).toContain('/gather?call=CA1');
  });

  test('every instruction ends in an address of ours: a caller is never left', () => {
    for (const instruction of [
      { do: 'say', text: 'x' },
      { do: 'say', text: '' },
      { do: 'voicemail', text: '', maxSeconds: 5 },
    ] as const)
      expect(readTwiml(instructed(to, instruction)).at(-1)).toMatchObject({ name: 'Redirect' });
  });
});

describe('a phone’s token', () => {
  const of = {
    accountSid: 'AC1',
    apiKeySid: 'SK1',
    apiKeySecret: 'the secret of the key',
    applicationSid: 'AP1',
    identity: 'agent_a',
    nowMs: 1_800_000_000_500,
  };
  test('is what Twilio’s own library makes', () => {
    const { AccessToken } = twilio.jwt;
    const theirs = new AccessToken(of.accountSid, of.apiKeySid, of.apiKeySecret, {
      identity: of.identity,
      ttl: 3600,
    });
    theirs.addGrant(
      new AccessToken.VoiceGrant({ outgoingApplicationSid: of.applicationSid, incomingAllow: true }),
    );
    const read = (token: string): [unknown, Record<string, unknown>] => {
      const [header = '', payload = ''] = token.split('.');
      return [header, payload].map(
        (part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown,
      ) as [unknown, Record<string, unknown>];
    };
    const [ourHeader, ours] = read(accessToken(of).token);
    const [theirHeader, their] = read(theirs.toJwt());
    expect(ourHeader).toEqual(theirHeader);
    const timeless = ({ iat, exp, jti, ...rest }: Record<string, unknown>): unknown => ({
      ...rest,
      life: Number(exp) - Number(iat),
      jti: String(jti) === `SK1-${String(iat)}`,
    });
    expect(timeless(ours)).toEqual(timeless(their));
  });
  test('is signed with the key, lives an hour, and holds no secret', () => {
    const { token, expiresAtMs } = accessToken(of);
    expect(expiresAtMs).toBe(1_800_003_600_000);
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).not.toContain(of.apiKeySecret);
    expect(accessToken({ ...of, apiKeySecret: 'another' }).token.split('.')[2]).not.toBe(token.split('.')[2]);
  });
  test('an agent’s name at Twilio is theirs alone, of letters that Twilio takes', () => {
    const id = '0199a1b2-0000-7000-8000-00000000000a';
    expect(identityOf(id)).toMatch(/^\w+$/);
    expect(userOf(`client:${identityOf(id)}`)).toBe(id);
    for (const other of ['client:agent_x', 'agent_', 'client:eve', '+15551234567'])
      expect(userOf(other)).toBeNull();
  });
});
