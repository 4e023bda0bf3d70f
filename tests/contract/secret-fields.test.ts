import { expect, test } from 'vitest';
import { mergedCredentials, secretValues, withoutSecretFields } from '#channels/secret-fields.ts';

const credentials = {
  kind: 'imap',
  token: 'top secret',
  imap: { host: 'mail.example.com', password: 'nested secret' },
  list: ['imap.password'],
};
const fields = ['token', 'imap.password', 'smtp.password', 'kind.password', 'list.0'];

test('secrets are found wherever they stand, and what isn’t there is none', () => {
  expect(secretValues(credentials, fields)).toEqual(['top secret', 'nested secret']);
});

test('what leaves the server keeps everything but them', () => {
  expect(withoutSecretFields(credentials, fields)).toEqual({
    kind: 'imap',
    imap: { host: 'mail.example.com' },
    list: ['imap.password'],
  });
  expect(credentials.imap.password).toBe('nested secret');
});

test('a group entered anew keeps the secret that wasn’t entered', () => {
  expect(mergedCredentials(credentials, { imap: { host: 'new.example.com' }, kind: 'managed' })).toEqual({
    ...credentials,
    kind: 'managed',
    imap: { host: 'new.example.com', password: 'nested secret' },
  });
  expect(mergedCredentials(credentials, { imap: { password: 'new' } })).toMatchObject({
    imap: { password: 'new' },
  });
});
