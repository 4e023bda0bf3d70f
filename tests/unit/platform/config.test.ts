import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, loadStartConfig, resolveProviderUrls } from '../../../api/config.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const external = {
  DATABASE_URL: 'postgres://u:p@db/x',
  TEMPORAL_ADDRESS: 'temporal:7233',
  TELORING_SECRET_KEY: key,
};

const load = (): unknown =>
  loadConfig({
    ...external,
    PORT: '99999',
    DATABASE_URL: 'mysql://x/y',
    TELORING_API_KEY: 'short',
    META_APP_ID: '1',
  });

describe('loadConfig', () => {
  test('names every bad variable at once', () => {
    expect(load).toThrow(ConfigError);
    for (const name of ['PORT', 'DATABASE_URL', 'TELORING_API_KEY', 'META_APP_SECRET'])
      expect(load).toThrow(name);
  });
  test('names what a server lacks, and npm start may lack', () => {
    expect(() => loadConfig({})).toThrow(/DATABASE_URL[\s\S]*TEMPORAL_ADDRESS[\s\S]*TELORING_SECRET_KEY/);
    expect(loadStartConfig({})).toMatchObject({
      databaseUrl: null,
      secretKey: null,
      port: 4100,
      host: '127.0.0.1',
    });
  });
  test('an empty variable is an unset one', () => {
    expect(loadConfig({ ...external, PORT: '', PUBLIC_URL: '' })).toMatchObject({
      port: 4100,
      publicUrl: 'http://127.0.0.1:4100',
    });
  });
  test('never repeats a secret in its message', () => {
    const secret = 'not-base64-but-secret';
    expect(() => loadConfig({ ...external, TELORING_SECRET_KEY: secret })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    );
  });
  test('sandbox and loopback exist only where everything is embedded', () => {
    expect(loadStartConfig({})).toMatchObject({
      sandbox: true,
      allowPrivateHosts: ['localhost', '127.0.0.1', '::1'],
    });
    expect(loadStartConfig({ TELORING_SANDBOX: '0' }).sandbox).toBe(false);
    const config = loadConfig({ ...external, TELORING_SANDBOX: '1' });
    expect(config).toMatchObject({ sandbox: false, allowPrivateHosts: [] });
    expect(config.warnings).toEqual([expect.stringContaining('TELORING_SANDBOX')]);
    expect(loadConfig({ ...external, TELORING_EMBEDDED: 'postgres' }).sandbox).toBe(false);
    expect(loadConfig({ ...external, TELORING_EMBEDDED: 'postgres,temporal' }).sandbox).toBe(true);
  });
  test('our own ports are denied to outbound requests', () => {
    const config = loadConfig({ ...external, TELORING_OWN_PORTS: '20001,20002' });
    expect(config.deniedPorts.toSorted((a, b) => a - b)).toEqual([5432, 7233, 20001, 20002]);
  });
  test('an API key for Temporal never travels in plain text', () => {
    expect(loadConfig({ ...external, TEMPORAL_API_KEY: 'k' }).temporal.tls).not.toBeNull();
    expect(loadConfig(external).temporal.tls).toBeNull();
  });
});

const config = (env: Record<string, string>) => loadStartConfig({ PORT: '4200', ...env });

describe('resolveProviderUrls', () => {
  const urls = { api: { env: 'LINE_API_URL', real: 'https://api.line.me', sandboxPath: '/sandbox/line' } };
  const data = {
    data: { env: 'LINE_DATA_URL', real: 'https://data.line.me', sandboxPath: '/sandbox/line-data' },
  };

  test('real, sandbox, explicit', () => {
    expect(resolveProviderUrls(config({}), urls, false)).toEqual({ api: 'https://api.line.me' });
    expect(resolveProviderUrls(config({ HOST: '0.0.0.0' }), urls, true)).toEqual({
      api: 'http://127.0.0.1:4200/sandbox/line',
    });
    const explicit = config({ LINE_API_URL: 'http://double:9/line/' });
    expect(resolveProviderUrls(explicit, urls, true)).toEqual({ api: 'http://double:9/line' });
    expect(resolveProviderUrls(explicit, urls, false)).toEqual({ api: 'http://double:9/line' });
  });
  test("LINE's data host follows an explicit API host", () => {
    expect(resolveProviderUrls(config({ LINE_API_URL: 'http://double:9' }), data, false)).toEqual({
      data: 'http://double:9',
    });
    expect(resolveProviderUrls(config({}), data, false)).toEqual({ data: 'https://data.line.me' });
  });
});
