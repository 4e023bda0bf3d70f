import { describe, expect, it } from 'vitest';
import type { EmailPart, Part } from '#domain/message.ts';
import type { Message } from '../../../studio-ui/src/lib/api/types.ts';
import {
  authenticationWords,
  automaticWords,
  recipientLine,
  remoteImageWords,
  subjectsShown,
  threadSubject,
} from '../../../studio-ui/src/features/conversations/email/email-words.ts';
import {
  frameDocument,
  framePolicy,
  FRAME_SANDBOX,
} from '../../../studio-ui/src/features/conversations/email/frame-document.ts';
import {
  attachedWords,
  sendingWords,
} from '../../../studio-ui/src/features/conversations/email/sending-words.ts';

let seq = 0;
const message = (parts: Part[], more: Partial<Message> = {}): Message => ({
  id: `m${++seq}`,
  seq,
  direction: 'in',
  author: { kind: 'contact' },
  parts,
  text: '',
  status: 'received',
  providerMessageId: null,
  sentAt: null,
  createdAt: '2026-11-28T10:00:00Z',
  ...more,
});
const email = (subject: string, more: Partial<EmailPart> = {}): EmailPart => ({
  kind: 'email',
  subject,
  ...more,
});
const people = (...names: string[]) =>
  names.map((name) => ({ address: `${name.toLowerCase()}@x.org`, name }));

describe('an email in words', () => {
  it('shows a subject where it changes, whatever marks of answering stand before it', () => {
    const messages = [
      message([email('Lamp')]),
      message([email('Re: lamp')], { direction: 'out' }),
      message([{ kind: 'text', text: 'x' }], { direction: 'out' }),
      message([email('Invoice')], { direction: 'internal' }),
      message([email('AW: Re: Lamp')]),
      message([email('Invoice')]),
      message([email('')]),
    ];
    expect([...subjectsShown(messages)]).toEqual([
      [messages[0]?.id, 'Lamp'],
      [messages[5]?.id, 'Invoice'],
    ]);
    expect(threadSubject(messages.slice(0, 5))).toBe('Lamp');
    expect(threadSubject([message([{ kind: 'text', text: 'x' }])])).toBeNull();
  });

  it('names who got it, the first ones where there are many', () => {
    const mail = email('x', { cc: people('Carol'), bcc: people('Dave') });
    expect(recipientLine(mail, people('Ada'))).toBe('to Ada · copy to Carol · blind copy to Dave');
    expect(recipientLine(undefined, people('A', 'B', 'C'))).toBe('to A, B, C');
    expect(recipientLine(undefined, people('A', 'B', 'C', 'D'))).toBe('to A, B and 2 more');
    expect(recipientLine(undefined, [])).toBe('');
  });

  it('says whether the sender is who it says, by a word and never by colour alone', () => {
    const from = { address: 'bank@bank.example', name: 'Bank' };
    const of = (verdict: 'pass' | 'fail' | 'none') =>
      authenticationWords(email('x', { from, authentication: { verdict, dmarc: verdict } }));
    expect(of('fail')).toMatchObject({ tone: 'danger', word: 'Sender check failed' });
    expect(of('fail')?.says).toContain('This may not be from Bank <bank@bank.example> (DMARC fail)');
    expect(of('none')).toMatchObject({ tone: 'muted', word: 'Sender not verified' });
    expect(of('pass')).toMatchObject({ tone: 'ok', word: 'Verified sender' });
    expect(authenticationWords(email('x'))).toBeNull();
    expect(automaticWords(email('x', { automatic: 'bounce' }))?.word).toBe('Could not be delivered');
    expect(automaticWords(email('x'))).toBeNull();
    expect([remoteImageWords(1), remoteImageWords(3)]).toEqual([
      'Show 1 remote image',
      'Show 3 remote images',
    ]);
  });

  it('counts down in whole seconds, and adds up files', () => {
    const until = '2026-11-28T10:00:08.500Z';
    const at = (ms: number) => sendingWords(until, Date.parse(until) - ms);
    expect(at(7_500)).toEqual({ says: 'Sending in 8 s', isHeld: true });
    expect(at(0)).toEqual({ says: 'Sending', isHeld: false });
    expect(sendingWords(undefined, 0).isHeld).toBe(false);
    const megabyte = 1024 * 1024;
    expect(attachedWords(0)).toBeNull();
    expect(attachedWords(3.2 * megabyte)).toEqual({ words: '3.2 of 20 MB attached', isOver: false });
    expect(attachedWords(20 * megabyte)?.isOver).toBe(false);
    expect(attachedWords(21 * megabyte)).toEqual({
      words: '21.0 MB attached, and a mail takes 20 MB: take some off',
      isOver: true,
    });
  });
});

describe('the frame of a mail', () => {
  it('stands under its policy before the first byte of the mail', () => {
    const document = frameDocument('<p>hostile</p>', 'https://teloring.example');
    expect(document.indexOf('Content-Security-Policy')).toBeLessThan(document.indexOf('hostile'));
    expect(document.indexOf('Content-Security-Policy')).toBeLessThan(document.indexOf('<style>'));
    const policy = framePolicy('https://teloring.example');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain('img-src https://teloring.example data:;');
    expect(policy).not.toMatch(/script-src|connect-src|frame-src|unsafe-eval|\*/);
    expect(document).toContain(policy);
    expect(FRAME_SANDBOX.split(' ')).not.toContain('allow-scripts');
    expect(FRAME_SANDBOX).not.toMatch(/allow-forms|allow-top-navigation|allow-modals|allow-downloads/);
  });
});
