/** A mail becomes a message: parts, authors, machines, bounces, and what is set aside. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import {
  buildMail,
  cachedInbox,
  createManagedInbox,
  emailEnv,
  land,
  type ManagedInbox,
} from '../support/email.ts';
import { createEmailReceiver } from '../../api/email/receive.ts';

let api: TestApi;
let inbox: ManagedInbox;
beforeAll(async () => {
  api = await createTestApi({}, emailEnv);
  inbox = await createManagedInbox(api);
});
afterAll(() => api.close());

const mail = (more: object = {}) => ({
  from: 'Ann <ann@example.com>',
  to: inbox.address,
  subject: 'Hello',
  text: 'Hi',
  ...more,
});

test('an address of its own is there at once, readable at the front and unguessable behind, and a secret is shown once', () => {
  expect(inbox.address).toMatch(/^support-[a-z2-9]{8}@mail\.example$/);
  expect(inbox.secret.length).toBeGreaterThanOrEqual(32);
});

test('a mail is a message of its writer, with its subject and files', async () => {
  const landed = await land(
    api,
    inbox,
    mail({ attachments: [{ filename: 'a.pdf', content: '%PDF-1.4', contentType: 'application/pdf' }] }),
  );
  expect(landed).toMatchObject({
    contact: 'ann@example.com',
    author: 'ann@example.com',
    text: 'Hi',
    automation: null,
  });
  expect(landed.parts).toMatchObject([
    { kind: 'text', text: 'Hi' },
    {
      kind: 'email',
      subject: 'Hello',
      from: { address: 'ann@example.com', name: 'Ann' },
      to: [{ address: inbox.address }],
      authentication: { verdict: 'none' },
    },
    { kind: 'file', name: 'a.pdf', mimeType: 'application/pdf' },
  ]);
});

test('the same mail is one event however often it comes', async () => {
  const raw = await buildMail(mail());
  const first = await land(api, inbox, raw);
  const again = await land(api, inbox, Buffer.concat([Buffer.from('Received: by another way\r\n'), raw]));
  expect(again.reception).toMatchObject({
    kind: 'accepted',
    duplicate: true,
    eventId: first.reception.kind === 'accepted' ? first.reception.eventId : '',
  });
});

test('an automatic mail is shown and answered by nobody', async () => {
  const landed = await land(api, inbox, mail({ headers: { 'Auto-Submitted': 'auto-replied' } }));
  expect(landed.automation).toBe('off');
  expect(landed.parts[1]).toMatchObject({ automatic: 'auto_reply' });
});

test('Gmail’s forwarding confirmation is the admin’s, not a conversation', async () => {
  const raw = await buildMail({
    from: 'Gmail Team <forwarding-noreply@google.com>',
    to: inbox.address,
    subject: '(#123456789) Gmail Forwarding Confirmation - Receive Mail from ann@example.com',
    text: 'ann@example.com has requested to automatically forward mail. Confirmation code: 123456789\nhttps://mail-settings.google.com/mail/vf-abc-def\nhttps://evil.example/x',
  });
  const reception = await createEmailReceiver(api.deps).receive(await cachedInbox(api, inbox.id), {
    raw,
    receivedAtMs: Date.now(),
  });
  expect(reception.kind).toBe('set_aside');
  const diagnostics = (await (await api.request(`/api/inboxes/${inbox.id}/diagnostics`)).json()) as {
    account: unknown[];
  };
  expect(diagnostics.account).toMatchObject([
    {
      change: 'forwarding_confirmation',
      facts: {
        from: 'ann@example.com',
        code: '123456789',
        link: 'https://mail-settings.google.com/mail/vf-abc-def',
      },
    },
  ]);
});

test('a proven forgery is shown as the address it names, flagged, apart from that contact’s threads, and answered by nobody', async () => {
  const genuine = await land(api, inbox, mail({ messageId: '<genuine@example.com>', subject: 'Contract' }));
  const receiver = createEmailReceiver(api.deps, {
    resolver: async (name) => {
      if (name === '_dmarc.example.com') return [['v=DMARC1; p=reject']];
      throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    },
  });
  const forged = await land(
    api,
    inbox,
    mail({
      from: 'The Boss <ann@example.com>',
      subject: 'Re: Contract',
      inReplyTo: '<genuine@example.com>',
      references: '<genuine@example.com>',
    }),
    { receiver, envelope: { from: 'eve@evil.example', to: [inbox.address], remoteAddress: '198.51.100.9' } },
  );
  expect(forged).toMatchObject({ contact: 'ann@example.com', automation: 'off' });
  expect(forged.conversationId).not.toBe(genuine.conversationId);
  expect(forged.parts[1]).toMatchObject({ authentication: { verdict: 'fail' } });
  const next = await land(api, inbox, mail({ subject: 'Re: Contract' }));
  expect(next.conversationId).toBe(genuine.conversationId);
});

test('flows answer only proven senders where the inbox says so', async () => {
  const strict = await createManagedInbox(api, 'Strict');
  await api.request(`/api/inboxes/${strict.id}`, {
    method: 'PATCH',
    body: { settings: { automationNeeds: 'pass' } },
  });
  expect((await land(api, strict, mail({ to: strict.address }))).automation).toBe('off');
});

test('a mail between two of our own inboxes is shown, and answered by no flow', async () => {
  const other = await createManagedInbox(api, 'Other');
  const landed = await land(api, inbox, mail({ from: other.address }));
  expect([landed.automation, landed.parts[1]]).toEqual([
    'off',
    expect.objectContaining({ automatic: 'own' }),
  ]);
});

test('a form on our own website writes for its visitor', async () => {
  const form = {
    from: `Website <${inbox.address}>`,
    replyTo: 'Vera <vera@visitor.example>',
    to: inbox.address,
  };
  const landed = await land(api, inbox, mail(form));
  expect(landed).toMatchObject({ contact: 'vera@visitor.example', automation: null });
  const answered = await land(api, inbox, mail({ from: 'vera@visitor.example', subject: 'Re: Hello' }));
  expect(answered.conversationId).toBe(landed.conversationId);
  const token = `reply+${'0'.repeat(32)}.${'0'.repeat(20)}@mail.example`;
  expect((await land(api, inbox, mail({ ...form, replyTo: token }))).automation).toBe('off');
});

test('a copy of our own mail is set aside, but only from our own address', async () => {
  const landed = await land(api, inbox, mail());
  const outboxId = uuidV7();
  await poolOf(api.deps.engineDb).query(
    `with c as (update conversations set last_seq = last_seq + 1 where id = $1 returning *), m as (
       insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, parts, text, status)
       select gen_random_uuid(), workspace_id, id, inbox_id, last_seq, 'out', 'agent', '[]', '', 'sending' from c returning *)
     insert into outbox (id, workspace_id, conversation_id, inbox_id, message_id, kind, payload, epoch)
     select $2, workspace_id, conversation_id, inbox_id, id, 'message', '{}', 0 from m`,
    [landed.conversationId, outboxId],
  );
  const messageId = `<teloring.${outboxId}@mail.example>`;
  const receiver = createEmailReceiver(api.deps);
  const copy = await buildMail(mail({ from: inbox.address, messageId }));
  expect(
    await receiver.receive(await cachedInbox(api, inbox.id), { raw: copy, receivedAtMs: Date.now() }),
  ).toMatchObject({ kind: 'set_aside' });
  expect((await land(api, inbox, mail({ from: 'eve@evil.example', messageId }))).contact).toBe(
    'eve@evil.example',
  );
});

test('the original is kept before anything is accepted: without a media store nothing is', async () => {
  const media = { ...api.deps.media, put: () => Promise.reject(new Error('the disk is full')) };
  const raw = await buildMail(mail({ messageId: '<kept@example.com>' }));
  const incoming = { raw, receivedAtMs: Date.now() };
  await expect(
    createEmailReceiver({ ...api.deps, media }).receive(await cachedInbox(api, inbox.id), incoming),
  ).rejects.toThrow('the disk is full');
  expect(
    await createEmailReceiver(api.deps).receive(await cachedInbox(api, inbox.id), incoming),
  ).toMatchObject({ kind: 'accepted', duplicate: false });
});
