/** The file's path is Telegram's word; it stays below the token all the same. */
import { expect, test } from 'vitest';
import { createHttpClient } from '#channels/http.ts';
import { createTelegramAdapter } from '#channels/telegram/adapter.ts';
import { serveHttp } from '../local-server.ts';

test.each([
  ['photos/file 1.jpg', '/file/bot7:token/photos/file%201.jpg'],
  ['../../bot7:token/logOut', '/file/bot7:token/bot7%3Atoken/logOut'],
  ['a/./../b?c#d', '/file/bot7:token/a/b%3Fc%23d'],
])('%s', async (filePath, asked) => {
  const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
  const paths: string[] = [];
  const server = await serveHttp(({ path }, response) => {
    paths.push(path);
    response.end(
      path.endsWith('/getFile') ? JSON.stringify({ ok: true, result: { file_path: filePath } }) : 'bytes',
    );
  });
  const inbox = {
    id: '0199a1b2-0000-7000-8000-000000000071',
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type: 'telegram' as const,
    name: 'Bot',
    accountKey: '7',
    sandbox: true,
    credentials: { botToken: '7:token' },
    settings: {},
    urls: { api: server.url },
    apps: {},
  };
  const options = { signal: AbortSignal.timeout(2_000), maxBytes: 100 };
  const media = await createTelegramAdapter({ http }).fetchMedia?.(inbox, { fileId: 'f' }, options);
  expect(Buffer.from(media?.bytes ?? []).toString()).toBe('bytes');
  expect(paths).toEqual(['/bot7:token/getFile', asked]);
  await server.close();
  await http.close();
});
