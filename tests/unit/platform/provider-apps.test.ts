import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKeyring } from '#db/keyring.ts';
import { loadConfig } from '../../../api/config.ts';
import { appsOf, everyApp } from '../../../api/provider-apps.ts';
import { sandboxApps } from '../../../api/sandbox-apps.ts';

const secretKey = randomBytes(32).toString('base64');
const keyring = createKeyring(secretKey);
const services = {
  DATABASE_URL: 'postgres://h/d',
  TEMPORAL_ADDRESS: 'h:7233',
  TELORING_SECRET_KEY: secretKey,
};
const apps = {
  META_APP_ID: '1',
  META_APP_SECRET: 'm',
  META_VERIFY_TOKEN: 'v',
  INSTAGRAM_APP_ID: '2',
  INSTAGRAM_APP_SECRET: 'i',
  TIKTOK_APP_ID: '3',
  TIKTOK_APP_SECRET: 't',
  MICROSOFT_CLIENT_ID: '4',
  MICROSOFT_CLIENT_SECRET: 's',
};
const deps = (env: Record<string, string>) => ({ config: loadConfig({ ...services, ...env }), keyring });
const embedded = { TELORING_EMBEDDED: 'postgres,temporal', TELORING_SANDBOX: '1' };

test('real inboxes get the configured apps, also beside a sandbox and with the provider’s host moved', () => {
  const others: Record<string, string>[] = [{}, embedded, { META_GRAPH_URL: 'http://127.0.0.1:9' }];
  for (const more of others) {
    expect(appsOf(deps({ ...apps, ...more }), false)).toEqual({
      meta: { provider: 'meta', id: '1', secret: 'm', verifyToken: 'v', sandbox: false },
      instagram: { provider: 'instagram', id: '2', secret: 'i', verifyToken: 'v', sandbox: false },
      tiktok: { provider: 'tiktok', id: '3', secret: 't', sandbox: false },
      microsoft: { provider: 'microsoft', id: '4', secret: 's', sandbox: false },
    });
  }
  expect(appsOf(deps({}), false)).toEqual({});
});

test('sandbox inboxes get the sandbox’s, the same after every start, other ones with another key', () => {
  const given = appsOf(deps({ ...apps, ...embedded }), true);
  expect(given).toEqual(sandboxApps(createKeyring(secretKey)));
  expect(Object.values(given).map(({ sandbox }) => sandbox)).toEqual([true, true, true, true]);
  expect(new Set(Object.values(given).map(({ secret }) => secret)).size).toBe(4);
  expect(given.meta?.verifyToken).toMatch(/.{20}/);
  const other = sandboxApps(createKeyring(randomBytes(32).toString('base64')));
  expect(other.meta?.secret).not.toBe(given.meta?.secret);
});

test('without a sandbox there are none, and only the configured ones may sign', () => {
  expect(appsOf(deps(apps), true)).toEqual({});
  expect(everyApp(deps(apps)).every(({ sandbox }) => !sandbox)).toBe(true);
  expect(everyApp(deps({ ...apps, ...embedded }))).toHaveLength(8);
});
