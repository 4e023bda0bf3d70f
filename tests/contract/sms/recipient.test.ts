/** To whom an answer goes: as Twilio named them, never a number made of it. */
import { expect, test } from 'vitest';
import type { HttpClient } from '#channels/http.ts';
import { createSmsAdapter } from '#channels/sms/adapter.ts';
import { smsDefinition } from '#channels/sms/definition.ts';
import { smsCase } from './case.ts';

test.each([
  // A short code would be a subscriber's number in Germany.
  ['12345', { to: '12345' }, 'anybody'],
  ['+15551234567', { to: '+15551234567' }, 'anybody'],
  // Whom we write to first is dialled as from the inbox's country.
  ['+4915187654321', {}, '0151 87654321'],
])('%s', async (to, replyAddress, contactExternalId) => {
  const forms: URLSearchParams[] = [];
  const http: HttpClient = {
    async request({ body }) {
      forms.push(new URLSearchParams(String(body)));
      return { status: 201, headers: {}, body: Buffer.from('{"sid":"SM1"}') };
    },
    check: async () => {},
    close: async () => {},
  };
  const credentials = smsDefinition.credentials.parse({
    ...smsCase.inbox.credentials,
    phoneNumber: '+4915112345678',
  });
  await createSmsAdapter({ http }).send(
    { ...smsCase.inbox, credentials },
    {
      id: 'm',
      conversationId: 'c',
      contactExternalId,
      threadKey: '',
      replyAddress,
      parts: [{ kind: 'text', text: 'Thanks' }],
      author: 'agent',
      lastInAtMs: null,
      sentSinceLastIn: 0,
      attempt: 1,
    },
    { key: 'k', signal: AbortSignal.timeout(1_000), media: () => Promise.reject(new Error('none')) },
  );
  expect(forms.map((form) => form.get('To'))).toEqual([to]);
});
