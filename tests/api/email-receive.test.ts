/** A mail becomes a message: parts, authors, machines, bounces, and what is set aside. */
import { afterAll, beforeAll, expect, test } from 'vitest';
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
