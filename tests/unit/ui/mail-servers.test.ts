import { describe, expect, it } from 'vitest';
import type { FormValues } from '../../../studio-ui/src/features/ring/credential-form.ts';
import { mailNote, prefilledMail } from '../../../studio-ui/src/features/ring/mail-servers.ts';

const empty: FormValues = {
  kind: 'imap',
  address: '',
  'imap.host': '',
  'smtp.host': '',
  'imap.secure': true,
};
const typed = (before: FormValues, key: string, value: string | boolean): FormValues =>
  prefilledMail(before, { ...before, [key]: value }, key);

describe('servers by the address’ domain', () => {
  it('fills both servers, their ports and the user names', () => {
    expect(typed(empty, 'address', 'shop@gmail.com')).toMatchObject({
      'imap.host': 'imap.gmail.com',
      'imap.port': '993',
      'imap.secure': true,
      'imap.user': 'shop@gmail.com',
      'smtp.host': 'smtp.gmail.com',
      'smtp.port': '465',
      'smtp.secure': true,
      'smtp.user': 'shop@gmail.com',
    });
    expect(typed(empty, 'address', 'shop@web.de')).toMatchObject({
      'smtp.port': '587',
      'smtp.secure': false,
    });
  });
  it('follows the address while it is typed, and keeps what somebody wrote themselves', () => {
    const gmail = typed(empty, 'address', 'shop@gmail.com');
    expect(typed(gmail, 'address', 'shop@icloud.com')).toMatchObject({
      'imap.host': 'imap.mail.me.com',
      'imap.user': 'shop@icloud.com',
    });
    const own = { ...gmail, 'imap.host': 'mail.mine.example', 'imap.user': 'me' };
    expect(typed(own, 'address', 'shop@icloud.com')).toMatchObject({
      'imap.host': 'mail.mine.example',
      'imap.user': 'me',
      'smtp.host': 'smtp.mail.me.com',
    });
    expect(typed(empty, 'address', 'shop@mine.example')).toMatchObject({
      'imap.host': '',
      'imap.user': 'shop@mine.example',
    });
  });
  it('changes usual ports with TLS, others not, and enters a password once', () => {
    const gmail = typed(empty, 'address', 'shop@gmail.com');
    expect(typed(gmail, 'imap.secure', false)['imap.port']).toBe('143');
    expect(typed({ ...gmail, 'smtp.port': '2525' }, 'smtp.secure', false)['smtp.port']).toBe('2525');
    const once = typed(gmail, 'imap.password', 'secret');
    expect(once['smtp.password']).toBe('secret');
    expect(typed({ ...once, 'smtp.password': 'other' }, 'imap.password', 'x')['smtp.password']).toBe('other');
  });
  it('says what the provider wants, also of a domain of one’s own, and leaves other kinds alone', () => {
    expect(mailNote(typed(empty, 'address', 'shop@gmail.com'))).toContain('app password');
    expect(mailNote({ ...empty, address: 'a@mine.example', 'imap.host': 'imap.gmail.com' })).toContain(
      'Gmail',
    );
    expect(mailNote(typed(empty, 'address', 'a@hotmail.com'))).toContain('Choose “Microsoft 365”');
    expect(mailNote({ ...empty, address: 'a@mine.example' })).toBeNull();
    const managed = { kind: 'managed', address: '' };
    expect(typed(managed, 'address', 'a@gmail.com')).toEqual({ kind: 'managed', address: 'a@gmail.com' });
  });
});
