/** What the kept mails mean to us, and that another reader of mails reads the same in them. */
import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { readBounce } from '#channels/email/bounce.ts';
import { readForwardingConfirmation } from '#channels/email/forwarding-confirmation.ts';
import { readMail } from '#channels/email/mail.ts';
import { createEmailAdapter } from '#channels/email/adapter.ts';
import { createHttpClient } from '#channels/http.ts';
import { emailCase, mails } from './case.ts';

const adapter = createEmailAdapter({ http: createHttpClient({ allowPrivateHosts: [], deniedPorts: [] }) });
const { inbox, request, samples } = emailCase;

describe('each sample is this event', () => {
  test.each(Object.entries(samples))('%s', async (_, body) => {
    const events = await adapter.parse(inbox as Parameters<typeof adapter.parse>[0], request(body));
    // NUL would make the snapshot a binary file.
    expect(JSON.parse(JSON.stringify(events).replaceAll('\\u0000', '␀'))).toMatchSnapshot();
  });
});

describe('mailparser reads the same', () => {
  /** Where we differ on purpose: it makes up text of nothing, or cuts what isn't a mail's. */
  const same = Object.entries(mails).filter(
    ([name]) =>
      !['broken-boundary.eml', 'eight-bit-garbage.eml', 'windows-1252-undeclared.eml'].includes(name),
  );
  test.each(same)('%s', async (_, raw) => {
    const ours = await readMail(raw);
    const theirs = await simpleParser(raw, {
      skipTextToHtml: true,
      skipHtmlToText: true,
      keepCidLinks: true,
    });
    expect(ours.subject).toBe((theirs.subject ?? '').replaceAll(/\s+/g, ' ').trim());
    if (theirs.messageId !== undefined) expect(ours.messageId).toBe(theirs.messageId);
    expect(ours.from.map(({ address }) => address)).toEqual(
      theirs.from?.value.map(({ address }) => address?.toLowerCase()) ?? [],
    );
    expect(ours.from[0]?.name ?? '').toBe(theirs.from?.value[0]?.name ?? '');
    if (ours.html !== null) expect(ours.html.trim()).toBe((theirs.html || '').trim());
    else if (theirs.attachments.length === 0) expect(ours.text).toBe((theirs.text ?? '').trim());
    const named = theirs.attachments.filter(({ filename }) => filename !== undefined);
    for (const { filename, content } of named) {
      const found = ours.attachments.find(({ name }) => name === filename);
      expect(found?.bytes().equals(content)).toBe(true);
    }
    // It hides what a server says of a delivery.
    const shown = ours.attachments.filter(({ mimeType }) => mimeType !== 'message/delivery-status');
    expect(shown).toHaveLength(theirs.attachments.length);
  });
});

test('the bounce names our mail, the address and the server’s words', async () => {
  expect(await readBounce(await readMail(mails['bounce-dsn.eml'] ?? Buffer.of()))).toEqual({
    action: 'failed',
    code: '5.1.1',
    recipient: 'nobody@example.net',
    words: '550 5.1.1 <nobody@example.net>: Recipient address rejected: User unknown',
    originalMessageId: '<teloring.0199a1b2-0000-7000-8000-0000000000aa@mail.example>',
  });
  expect(await readBounce(await readMail(mails['plain.eml'] ?? Buffer.of()))).toBeNull();
});

test('a forwarding confirmation is Gmail’s only, and links to Google only', async () => {
  const mail = mails['gmail-forwarding-confirmation.eml'] ?? Buffer.of();
  expect(readForwardingConfirmation(await readMail(mail))).toEqual({
    from: 'ann@shop.example',
    code: '123456789',
    link: 'https://mail-settings.google.com/mail/vf-%5BANGjdJ8%5D-abc',
  });
  const changed = async (from: string, to: string) =>
    readForwardingConfirmation(await readMail(Buffer.from(mail.toString().replaceAll(from, to))));
  expect(await changed('forwarding-noreply@google.com', 'forwarding-noreply@evil.example')).toBeNull();
  expect((await changed('mail-settings.google.com', 'mail-settings.google.com.evil.example'))?.link).toBe('');
});
