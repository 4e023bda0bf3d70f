import { describe, expect, it } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import {
  enteredJson,
  formFields,
  problemsIn,
  refusedFields,
  shownFields,
  startValues,
} from '../../../studio-ui/src/features/ring/credential-form.ts';

const fieldsOf = (type: keyof typeof definitions) =>
  formFields(definitions[type].credentials, definitions[type].secretFields);

describe('a channel’s form', () => {
  it.each(Object.keys(definitions) as (keyof typeof definitions)[])(
    'of %s asks for what its schema needs',
    (type) => {
      const fields = fieldsOf(type);
      expect(fields.length).toBeGreaterThan(0);
      for (const field of fields) expect(field.label).not.toBe('');
      const required = definitions[type].credentials.safeParse({}).error?.issues.map(({ path }) => path[0]);
      expect(fields.map(({ key }) => key)).toEqual(expect.arrayContaining(required ?? []));
    },
  );

  it.each(Object.values(definitions).filter(({ hasSandbox }) => hasSandbox))(
    'of $type starts filled in for the sandbox, each time for another account',
    ({ credentials, sandboxCredentials, secretFields }) => {
      const fields = formFields(credentials, secretFields);
      const [one, other] = ['123456789012', '987654321098'].map((digits) => {
        const made = sandboxCredentials?.(digits);
        expect(made).toBeDefined();
        const entered = enteredJson(fields, startValues(fields, made));
        expect(problemsIn(credentials, entered)).toEqual({});
        return entered;
      });
      expect(one).not.toEqual(other);
    },
  );

  it('masks secrets and never asks for those that are made by us', () => {
    expect(fieldsOf('telegram').map((field) => [field.key, field.kind])).toEqual([['botToken', 'secret']]);
    expect(fieldsOf('api').map((field) => field.key)).not.toContain('secret');
  });

  it('asks for optional secrets too, and calls choices by their words', () => {
    const sms = fieldsOf('sms');
    expect(sms.find(({ key }) => key === 'apiKeySecret')).toMatchObject({
      kind: 'secret',
      isRequired: false,
    });
    expect(sms.map(({ key }) => key)).not.toContain('numberSid');
    const login = fieldsOf('instagram_dm').find(({ key }) => key === 'login');
    expect(login?.options).toEqual([
      { value: 'instagram', label: 'Instagram Login' },
      { value: 'facebook', label: 'Facebook Login, through its Page' },
    ]);
    expect(startValues(fieldsOf('instagram_dm'))['login']).toBe('instagram');
  });

  it('turns lines into a list and leaves empty optional texts out', () => {
    const fields = fieldsOf('live_chat');
    const entered = enteredJson(fields, {
      ...startValues(fields),
      allowedOrigins: ' https://a.example \n\nhttps://b.example',
    });
    expect(entered).toEqual({ allowedOrigins: ['https://a.example', 'https://b.example'] });
    const api = fieldsOf('api');
    expect(enteredJson(api, { ...startValues(api), callbackUrl: ' https://x.example/in ' })).toMatchObject({
      callbackUrl: 'https://x.example/in',
      idempotent: false,
    });
  });

  it('tells the schema’s own words by field', () => {
    const { credentials } = definitions.telegram;
    expect(problemsIn(credentials, { botToken: 'nonsense' })['botToken']).toMatch(/bot token/i);
    expect(problemsIn(credentials, { botToken: '12345:abcDEF-ghi' })).toEqual({});
  });

  it('starts from what is stored, or from the schema’s defaults', () => {
    const fields = formFields(definitions.live_chat.settings, []);
    expect(startValues(fields)['position']).toBe('right');
    expect(startValues(fields, { position: 'left' })['position']).toBe('left');
    // What has an editor of its own isn't asked here and keeps its defaults.
    const entered = enteredJson(fields, startValues(fields));
    expect(definitions.live_chat.settings.parse(entered)).toEqual(definitions.live_chat.settings.parse({}));
    expect(entered).toMatchObject({ zIndex: 2_147_483_000, hideOnMobile: false });
  });
});

describe('a form of several kinds, with groups', () => {
  const fields = fieldsOf('email');
  const { credentials } = definitions.email;
  const shown = (kind: string) => shownFields(fields, { kind }).map(({ key }) => key);

  it('asks for the kind first, then for what that kind needs and nothing else', () => {
    expect(fields[0]).toMatchObject({ key: 'kind', kind: 'variant', isRequired: true });
    expect(fields[0]?.options?.map(({ value }) => value)).toEqual(['imap', 'microsoft', 'managed']);
    expect(fields[0]?.options?.every(({ label, hint }) => label !== '' && hint !== '')).toBe(true);
    expect(shown('managed')).toEqual(['kind', 'forwardedFrom']);
    expect(shown('microsoft')).toEqual(['kind', 'address']);
    expect(shown('imap')).toEqual([
      'kind',
      'address',
      ...['host', 'port', 'secure', 'user', 'password'].map((key) => `imap.${key}`),
      ...['host', 'port', 'secure', 'user', 'password'].map((key) => `smtp.${key}`),
    ]);
  });

  it('names groups, masks their secrets, and knows numbers and texts of several lines', () => {
    const of = (key: string) => fields.find((field) => field.key === key);
    expect(of('imap.host')).toMatchObject({ kind: 'text', group: 'Incoming mail (IMAP)', isRequired: true });
    expect(of('imap.port')).toMatchObject({ kind: 'number' });
    expect(of('smtp.password')).toMatchObject({ kind: 'secret', group: 'Outgoing mail (SMTP)' });
    expect(of('imap.secure')).toMatchObject({ kind: 'switch', fallback: true });
    const settings = formFields(definitions.email.settings, []);
    expect(settings.find(({ key }) => key === 'signature')?.kind).toBe('area');
    expect(settings.find(({ key }) => key === 'undoSeconds')?.kind).toBe('number');
    expect(definitions.email.settings.parse(enteredJson(settings, startValues(settings)))).toEqual(
      definitions.email.settings.parse({}),
    );
    // Emptied again it is empty, not the default.
    expect(
      enteredJson(settings, { ...startValues(settings, { signature: 'x' }), signature: '' }),
    ).toMatchObject({
      signature: '',
    });
  });

  const entered = {
    kind: 'imap',
    address: 'support@example.com',
    imap: { host: 'imap.example.com', port: 993, secure: true, user: 'support', password: 'p' },
    smtp: { host: 'smtp.example.com', port: 587, secure: false, user: 'support', password: 'q' },
  };
  it('goes both ways: what is stored fills it, what is entered is nested again', () => {
    const values = startValues(fields, entered);
    expect(values).toMatchObject({
      kind: 'imap',
      'imap.port': '993',
      'smtp.secure': false,
      'smtp.user': 'support',
    });
    expect(enteredJson(fields, values)).toEqual(entered);
    expect(problemsIn(credentials, entered)).toEqual({});
    // Of another kind nothing of the first is sent.
    expect(enteredJson(fields, { ...values, kind: 'managed', forwardedFrom: '' })).toEqual({
      kind: 'managed',
    });
  });

  it('tells each problem at its field, the schema’s and the server’s', () => {
    const problems = problemsIn(credentials, {
      ...entered,
      address: 'nobody',
      imap: { ...entered.imap, port: 'many', host: 'a b' },
    });
    expect(Object.keys(problems).toSorted((one, other) => one.localeCompare(other))).toEqual([
      'address',
      'imap.host',
      'imap.port',
    ]);
    const settings = definitions.live_chat.credentials;
    expect(Object.keys(problemsIn(settings, { allowedOrigins: ['https://a.example', 'x'] }))).toEqual([
      'allowedOrigins',
    ]);
    const details = [
      { path: 'credentials.imap.host', message: 'No such server.' },
      { path: 'name', message: 'Too long.' },
    ];
    expect(refusedFields(details, 'credentials')).toEqual({ 'imap.host': 'No such server.' });
    expect(refusedFields({ kind: 'permanent' }, 'credentials')).toEqual({});
  });
});
