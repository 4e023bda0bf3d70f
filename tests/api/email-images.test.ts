/** Remote pictures of mails: fetched by us, by their number in that mail, and nothing else is. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import { ingestOnly } from '#db/drive.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createEmailReceiver } from '../../api/email/receive.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { insertEmailInbox } from '../support/email-inbox.ts';
import { png } from '../support/picture.ts';

let api: TestApi;
let inbox: { id: string; address: string };
let server: Server;
let web: string;
const asked: string[] = [];
beforeAll(async () => {
  api = await createTestApi();
  inbox = await insertEmailInbox(api);
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.cookie ?? ''}${request.headers.referer ?? ''}`.trim());
    const answers: Record<string, () => unknown> = {
      '/logo.png': () => response.writeHead(200, { 'content-type': 'text/html' }).end(png(3)),
      '/page': () =>
        response.writeHead(200, { 'content-type': 'image/png' }).end('<script>alert(1)</script>'),
      '/svg': () =>
        response
          .writeHead(200, { 'content-type': 'image/svg+xml' })
          .end('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      '/moved': () => response.writeHead(302, { location: '/logo.png' }).end(),
      '/inside': () => response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
      '/round': () => response.writeHead(302, { location: '/round' }).end(),
    };
    (answers[request.url ?? ''] ?? (() => response.writeHead(404).end()))();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await api.close();
});

async function receive(html: string): Promise<string> {
  const cached = await api.deps.inboxes.byId(inbox.id);
  if (!cached) throw new Error('The inbox was just made.');
  const raw = Buffer.from(
    [
      'From: Ada <ada@customer.example>',
      `To: ${inbox.address}`,
      'Subject: Pictures',
      `Message-ID: <${uuidV7()}@customer.example>`,
      'Content-Type: text/html; charset=utf-8',
      '',
      html,
    ].join('\r\n'),
  );
  const got = await createEmailReceiver(api.deps).receive(cached, { raw, receivedAtMs: Date.now() });
  if (got.kind !== 'accepted') throw new Error(got.reason);
  await ingestOnly(poolOf(api.deps.engineDb), got.eventId);
  const { rows } = await poolOf(api.deps.engineDb).query(
    'select message_id as id from inbound_events where id = $1',
    [got.eventId],
  );
  return (rows[0] as { id: string }).id;
}
const image = (id: string, n: number, key?: string) =>
  api.request(`/api/messages/${id}/email/images/${n}`, key === undefined ? { as: 'agent' } : { key });
const pictures = (...paths: string[]) => paths.map((one) => `<img src="${web}${one}">`).join('');

test('the HTML names our own address of each, and only where pictures were asked for', async () => {
  const id = await receive(pictures('/logo.png', '/page'));
  const html = async (query: string) => {
    const response = await api.request(`/api/messages/${id}/email${query}`, { as: 'agent' });
    return (await response.json()) as { html: string; remoteImages: number };
  };
  const hidden = await html('');
  expect(hidden.remoteImages).toBe(2);
  expect(hidden.html).not.toContain(web);
  expect(hidden.html).not.toContain('/email/images/');
  const shown = await html('?images=1');
  expect(shown.html).not.toContain(web);
  expect(shown.html).toContain(`src="/api/messages/${id}/email/images/1"`);
  expect(shown.html).toContain(`src="/api/messages/${id}/email/images/2"`);
  expect(asked).toEqual([]);
});

test('a picture comes as what its bytes are, without anything of ours told; redirects are followed a little', async () => {
  const id = await receive(pictures('/logo.png', '/moved'));
  for (const n of [1, 2]) {
    const response = await image(id, n);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array(png(3)));
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  }
  expect(asked.splice(0)).toEqual(['/logo.png', '/moved', '/logo.png']);
});

test('what is no picture, leads inside, leads nowhere or isn’t in this mail is not to be had', async () => {
  const id = await receive(
    `${pictures('/page', '/svg', '/inside', '/round', '/gone')}<img src="http://10.0.0.1/x"><img src="ftp://x.example/y"><a href="${web}/logo.png">x</a>`,
  );
  for (const n of [1, 2, 3, 4, 5, 6, 7]) expect([n, (await image(id, n)).status]).toEqual([n, 404]);
  expect(asked.splice(0).filter((one) => one === '/logo.png')).toEqual([]);
  expect((await image(id, 0)).status).toBe(404);
  expect((await image(uuidV7(), 1)).status).toBe(404);
  expect((await image(id, 1, api.other.keys.admin)).status).toBe(404);
});
