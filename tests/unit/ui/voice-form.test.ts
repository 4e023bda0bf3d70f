import { describe, expect, it } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import {
  enteredJson,
  formFields,
  problemsIn,
  shownFields,
  startValues,
} from '../../../studio-ui/src/features/ring/credential-form.ts';

const { credentials, secretFields } = definitions.voice;
const fields = formFields(credentials, secretFields);
const shown = (provider: string) => shownFields(fields, { provider }).map(({ key }) => key);

describe('connecting a voice inbox', () => {
  it('asks which provider first, then only for what that one needs', () => {
    expect(fields[0]).toMatchObject({ key: 'provider', kind: 'variant', isRequired: true });
    expect(fields[0]?.options?.map(({ value, label }) => [value, label])).toEqual([
      ['twilio', 'Twilio'],
      ['sip', 'SIP exchange'],
    ]);
    expect(shown('twilio')).toEqual([
      'provider',
      'accountSid',
      'authToken',
      'apiKeySid',
      'apiKeySecret',
      'phoneNumber',
    ]);
    expect(shown('sip')).toEqual([
      'provider',
      'wsUrl',
      'domain',
      'username',
      'password',
      'phoneNumber',
      'realm',
      'iceServers',
    ]);
  });

  it('sends the chosen one’s fields, which its schema takes', () => {
    const values = {
      ...startValues(fields),
      provider: 'sip',
      accountSid: 'left over from the other',
      wsUrl: ' wss://pbx.example.com/ws ',
      domain: 'pbx.example.com',
      username: 'support',
      password: 'secret',
    };
    const entered = enteredJson(fields, values);
    expect(entered).not.toHaveProperty('accountSid');
    expect(problemsIn(credentials, entered)).toEqual({});
    expect(problemsIn(credentials, { provider: 'sip', wsUrl: 'pbx.example.com' })).toEqual({
      wsUrl: expect.stringContaining('wss://'),
      domain: expect.stringContaining('SIP domain'),
      username: expect.stringContaining('SIP user'),
      password: expect.stringContaining('password'),
    });
  });
});
