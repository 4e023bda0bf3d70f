/** The mail behind a message as people see it, and mails that a provider posts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signBody } from '#channels/hmac.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import {
  buildMail,
  createManagedInbox,
  emailEnv,
  land,
  landed,
  type ManagedInbox,
} from '../support/email.ts';
import { createApiInbox, receive } from '../support/inboxes.ts';

let api: TestApi;
let inbox: ManagedInbox;
beforeAll(async () => {
  api = await createTestApi({}, emailEnv);
  inbox = await createManagedInbox(api);
});
afterAll(() => api.close());

const picture = { filename: 'p.png', content: 'x', contentType: 'image/png', cid: 'p@example.com' };
const html =
  '<script>alert(1)</script><p onclick="x()">Hi <img src="cid:p@example.com"><img src="https://tracker.example/o.gif"></p><blockquote>old</blockquote>';

async function view(
  messageId: string,
  query = '',
  options: object = {},
): Promise<{ status: number; body: Record<string, unknown> & { html: string } }> {
  const response = await api.request(`/api/messages/${messageId}/email${query}`, { as: 'agent', ...options });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown> & { html: string },
  };
}

describe('GET /api/messages/:id/email', () => {
  test('shows the whole mail, its HTML safe, attached pictures by our links, others blank', async () => {
    const { messageId, parts } = await land(api, inbox, {
      from: 'Ann <ann@example.com>',
      to: inbox.address,
      cc: 'Bob <bob@example.com>',
      subject: 'Größe',
      html,
      attachments: [picture],
      text: 'Hi\n\nOn 22 Nov 2026 at 10:00, S wrote:\n> old',
      headers: { 'X-Mailer': 'Test', 'X-Secret-Route': 'no' },
      date: new Date('2026-11-22T10:00:00Z'),
    });
    const { status, body } = await view(messageId);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      subject: 'Größe',
      from: { address: 'ann@example.com', name: 'Ann' },
      to: [{ address: inbox.address }],
      cc: [{ address: 'bob@example.com', name: 'Bob' }],
      date: '2026-11-22T10:00:00.000Z',
      text: 'Hi\n\nOn 22 Nov 2026 at 10:00, S wrote:\n> old',
      remoteImages: 1,
      authentication: { verdict: 'none' },
    });
    expect(body['headers']).toContainEqual({ name: 'x-mailer', value: 'Test' });
    expect(JSON.stringify(body['headers'])).not.toContain('x-secret-route');
    const image = parts.find(({ kind }) => kind === 'image');
    expect(body.html).toContain(`/media/${String(image?.['mediaId'])}?`);
    expect(body.html).not.toMatch(/script|onclick|tracker\.example|cid:/);
    // Fetched by us, so that its sender learns nothing of the reader.
    const shown = (await view(messageId, '?images=1')).body.html;
    expect(shown).toContain(`/api/messages/${messageId}/email/images/`);
    expect(shown).not.toContain('tracker.example');
    expect(parts[0]).toEqual({ kind: 'text', text: 'Hi' });
    expect(parts[1]).toMatchObject({ kind: 'email', html: true, folded: true });
  });

  test('the original is a file, byte for byte, and never a page', async () => {
    const raw = await buildMail({
      from: 'ann@example.com',
      to: inbox.address,
      subject: 'A "file"/..\r\nX: y',
      html,
    });
    const { messageId } = await land(api, inbox, raw);
    const response = await api.request(`/api/messages/${messageId}/email/original`, { as: 'agent' });
    expect(Buffer.from(await response.arrayBuffer()).equals(raw)).toBe(true);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="mail\.eml"/);
    expect(response.headers.get('content-type')).toBe('message/rfc822');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
  });

  test('of another workspace, of no message, of a message that was no mail, or gone: 404', async () => {
    const { messageId } = await land(api, inbox, {
      from: 'ann@example.com',
      to: inbox.address,
      subject: 's',
      text: 't',
    });
    for (const path of ['email', 'email/original']) {
      const request = async (id: string, options: object = {}) =>
        (await api.request(`/api/messages/${id}/${path}`, options)).status;
      expect(await request(messageId)).toBe(200);
      expect(await request(messageId, { key: api.other.keys.admin })).toBe(404);
      expect(await request(uuidV7())).toBe(404);
      const chat = await receive(api, await createApiInbox(api), { id: `m-${path}`, text: 'Hi' });
      expect(await request(chat.messageId)).toBe(404);
    }
    const [row] = (await api.deps.engineDb
      .selectFrom('messages')
      .select('provider_ref')
      .where('id', '=', messageId)
      .execute()) as unknown as { provider_ref: { original: string } }[];
    await api.deps.media.delete(row?.provider_ref.original ?? '');
    expect((await view(messageId)).body).toMatchObject({ error: { code: 'email_missing' } });
  });
});

describe('POST /webhooks/email/:inboxId', () => {
  const post = async (body: string | Buffer, headers: Record<string, string> = {}, id = inbox.id) => {
    const response = await api.app.request(`/webhooks/email/${id}`, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers: {
        'content-type': 'application/json',
        'x-teloring-signature': signBody(inbox.secret, body, Date.now()),
        ...headers,
      },
    });
    return {
      status: response.status,
      body: (await response.json()) as { eventId: string; duplicate: boolean; error?: { code: string } },
    };
  };
  const mail = (more: object = {}) =>
    buildMail({ from: 'Ann <ann@example.com>', to: inbox.address, subject: 'Posted', text: 'Hi', ...more });

  test('takes a mail as JSON or as it is, once', async () => {
    const raw = await mail();
    const first = await post(
      JSON.stringify({
        recipient: inbox.address,
        sender: 'ann@example.com',
        rawBase64: raw.toString('base64'),
      }),
    );
    expect([first.status, first.body.duplicate]).toEqual([202, false]);
    const again = await post(raw, { 'content-type': 'message/rfc822' });
    expect(again.body).toEqual({ eventId: first.body.eventId, duplicate: true });
    const asText = await post(JSON.stringify({ raw: raw.toString() }));
    expect(asText.body).toEqual({ eventId: first.body.eventId, duplicate: true });
    expect(await landed(api, first.body.eventId)).toMatchObject({
      contact: 'ann@example.com',
      text: 'Hi',
      automation: null,
    });
  });

  test('an empty sender is a mail that wants no answer', async () => {
    const { body } = await post(JSON.stringify({ sender: '', raw: (await mail()).toString() }));
    expect(await landed(api, body.eventId)).toMatchObject({ automation: 'off' });
  });

  test('25 MB are taken', async () => {
    const raw = await mail({
      attachments: [{ filename: 'big.bin', content: Buffer.alloc(25 * 1024 * 1024, 7) }],
    });
    const { status, body } = await post(raw, { 'content-type': 'message/rfc822' });
    expect(status).toBe(202);
    const { parts } = await landed(api, body.eventId);
    expect(parts[2]).toMatchObject({ kind: 'file', name: 'big.bin' });
    const event = await api.deps.engineDb
      .selectFrom('inbound_events')
      .select('raw')
      .where('id', '=', body.eventId)
      .executeTakeFirstOrThrow();
    expect(event.raw?.byteLength).toBeLessThan(1_000);
  });

  test('refuses what isn’t signed, is signed for another inbox, is no mail, or has no inbox', async () => {
    const raw = await mail();
    expect(
      await post(raw, { 'content-type': 'message/rfc822', 'x-teloring-signature': 't=1,v1=00' }),
    ).toMatchObject({ status: 401 });
    const other = await createManagedInbox(api, 'Other');
    expect(await post(raw, { 'content-type': 'message/rfc822' }, other.id)).toMatchObject({ status: 401 });
    expect(await post('{}')).toMatchObject({ status: 400 });
    expect(await post('no json')).toMatchObject({ status: 400 });
    expect(await post(raw, {}, uuidV7())).toMatchObject({ status: 404 });
    expect(await post(raw, {}, (await createApiInbox(api)).id)).toMatchObject({ status: 404 });
  });
});

describe('connecting', () => {
  const connect = async (credentials: object) => {
    const response = await api.request('/api/inboxes', {
      body: { type: 'email', name: 'Mail', credentials },
    });
    return {
      status: response.status,
      body: (await response.json()) as {
        error?: { message: string };
        inbox?: { id: string };
        warnings?: string[];
      },
    };
  };
  const login = (port: number) => ({
    host: '127.0.0.1',
    port,
    secure: false,
    user: 'u',
    password: 'a secret password',
  });

  test('says which server failed and why; the password is said nowhere', async () => {
    const { status, body } = await connect({
      kind: 'imap',
      address: 'a@shop.example',
      imap: login(9),
      smtp: login(9),
    });
    expect(status).toBe(422);
    expect(body.error?.message).toBe(
      'Incoming mail doesn’t work: The mail server refused the connection (127.0.0.1)',
    );
    expect(JSON.stringify(body)).not.toContain('a secret password');
  });

  test('names the field that is wrong', async () => {
    const { body } = await connect({
      kind: 'imap',
      address: 'not an address',
      imap: login(9),
      smtp: login(9),
    });
    expect(JSON.stringify(body)).toContain('credentials.address');
    expect((await connect({ kind: 'pigeon' })).status).toBe(422);
  });

  test('a managed inbox says that answers wait without SMTP_URL, keeps its address when it is connected again, and knows whom it stands for', async () => {
    const { status, body } = await connect({ kind: 'managed', address: 'Help.Desk@shop.example' });
    expect([status, body.warnings]).toEqual([201, [expect.stringContaining('SMTP_URL')]]);
    const id = body.inbox?.id ?? '';
    const read = async () =>
      (await (await api.request(`/api/inboxes/${id}`)).json()) as {
        account: { externalId: string };
        connection: Record<string, unknown>;
      };
    const before = await read();
    expect(before.account.externalId).toMatch(/^help-desk-[a-z2-9]{8}@mail\.example$/);
    expect(before.connection).toEqual({
      kind: 'managed',
      address: before.account.externalId,
      forwardedFrom: 'help.desk@shop.example',
    });
    const renewed = await api.request(`/api/inboxes/${id}`, {
      method: 'PATCH',
      body: { credentials: { forwardedFrom: 'hi@shop.example' } },
    });
    expect(renewed.status).toBe(200);
    expect(await read()).toMatchObject({
      account: before.account,
      connection: { forwardedFrom: 'hi@shop.example' },
    });
    const own = await land(
      api,
      { id },
      { from: 'hi@shop.example', to: before.account.externalId, subject: 'Ours', text: 'x' },
    );
    expect(own).toMatchObject({ automation: 'off' });
    expect(own.parts[1]).toMatchObject({ automatic: 'own' });
  });

  test('its probe says the same', async () => {
    const response = await api.request(`/api/inboxes/${inbox.id}/probe`, { method: 'POST' });
    const { inbox: probed } = (await response.json()) as {
      inbox: { inbound: { state: string }; outbound: { state: string; reason: string } };
    };
    expect([probed.inbound.state, probed.outbound.state, probed.outbound.reason]).toEqual([
      'ok',
      'failing',
      expect.stringContaining('SMTP_URL'),
    ]);
  });
});
