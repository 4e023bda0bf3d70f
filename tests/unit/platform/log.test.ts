import { expect, test } from 'vitest';
import { createLog } from '../../../api/log.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  write(createLog('info', { write: (line) => (text += line) }));
  return text;
}
const secret = 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';

test.each([
  ['a field', (log) => log.info({ password: secret }, 'x')],
  ['a nested field', (log) => log.info({ inbox: { credentials: { botToken: secret } } }, 'x')],
  ['a header', (log) => log.info({ headers: { Authorization: `Bearer ${secret}` } }, 'x')],
  ['a bot URL', (log) => log.info(`POST https://api.telegram.org/bot110201543:${secret}/sendMessage`)],
  [
    'a file URL',
    (log) => log.info({ url: `https://api.telegram.org/file/bot110201543:${secret}/a.jpg` }, 'x'),
  ],
  ['a database URL', (log) => log.info(`connecting to postgres://teloring:${secret}@127.0.0.1:5432/x`)],
  ['a query', (log) => log.info(`GET https://graph.facebook.com/me?access_token=${secret}&x=1`)],
  [
    'an error and its cause',
    (log) => log.error({ err: new Error('x', { cause: new Error(`Bearer ${secret}`) }) }, 'x'),
  ],
  ['an error given alone', (log) => log.error(new Error(`failed: Bearer ${secret}`))],
  ['an error without a text of the line', (log) => log.warn({ err: new Error(`Bearer ${secret}`) })],
  ['bytes', (log) => log.info({ raw: Buffer.from(secret) }, 'x')],
] as [string, (log: ReturnType<typeof createLog>) => void][])('%s keeps its secret', (_name, write) => {
  const text = logged(write);
  expect(text).not.toBe('');
  expect(text).not.toContain(secret);
  expect(text).not.toContain(JSON.stringify([...Buffer.from(secret)]).slice(1, 20));
});

test('what is no secret stays', () => {
  expect(logged((log) => log.info({ inboxId: 'i1', url: 'https://example.com/a?b=c' }, 'hello'))).toMatch(
    /i1.*https:\/\/example\.com\/a\?b=c.*hello/,
  );
});
