/** SPF, DKIM and DMARC over a DNS of our own; and what receiving servers wrote down. */
import { generateKeyPairSync } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import DKIM from 'nodemailer/lib/dkim';
import { describe, expect, test } from 'vitest';
import {
  checkAuthentication,
  trustedServersOf,
  writtenAuthentication,
  type MailResolver,
} from '#channels/email/authentication.ts';
import { readMail } from '#channels/email/mail.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const records: Record<string, string> = {
  'example.com TXT': 'v=spf1 ip4:203.0.113.5 -all',
  'k1._domainkey.example.com TXT': `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
  '_dmarc.example.com TXT': 'v=DMARC1; p=reject',
  'lax.example TXT': 'v=spf1 ip4:203.0.113.5 -all',
  'k1._domainkey.lax.example TXT': `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
};
const resolver: MailResolver = async (name, type) => {
  const record = records[`${name.toLowerCase()} ${type}`];
  if (record === undefined) throw Object.assign(new Error(`no ${type} of ${name}`), { code: 'ENOTFOUND' });
  return [[record]];
};

async function mail(from: string, signedBy?: string): Promise<Buffer> {
  const raw = await new MailComposer({ from, to: 'support@shop.example', subject: 'Hi', text: 'Hello' })
    .compile()
    .build();
  if (signedBy === undefined) return raw;
  const dkim = new DKIM({
    keys: [
      {
        domainName: signedBy,
        keySelector: 'k1',
        privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      },
    ],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of dkim.sign(raw) as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
const check = (raw: Buffer, remoteAddress: string, from: string, by = resolver) =>
  checkAuthentication(
    raw,
    { from, remoteAddress, helo: 'mx.example.com' },
    { mta: 'mail.example', resolver: by },
  );

describe('a mail that our server took', () => {
  test('signed by its domain, from the domain’s server, passes; by either one alone too', async () => {
    expect(
      await check(await mail('ann@example.com', 'example.com'), '203.0.113.5', 'ann@example.com'),
    ).toEqual({
      verdict: 'pass',
      spf: 'pass',
      dkim: 'pass',
      dmarc: 'pass',
    });
    expect(
      await check(await mail('ann@example.com', 'example.com'), '198.51.100.9', 'list@elsewhere.example'),
    ).toMatchObject({ verdict: 'pass', dkim: 'pass' });
    expect(await check(await mail('ann@example.com'), '203.0.113.5', 'ann@example.com')).toMatchObject({
      verdict: 'pass',
      spf: 'pass',
    });
  });

  test('of a domain with a policy, proven by nothing, fails', async () => {
    expect(await check(await mail('ann@example.com'), '198.51.100.9', 'eve@evil.example')).toMatchObject({
      verdict: 'fail',
      dmarc: 'fail',
    });
    expect(
      await check(await mail('ann@example.com', 'lax.example'), '198.51.100.9', 'eve@evil.example'),
    ).toMatchObject({ verdict: 'fail', dkim: 'pass' });
  });

  test('changed on its way, fails', async () => {
    const raw = await mail('ann@example.com', 'example.com');
    expect(
      await check(Buffer.from(raw.toString().replace('Hello', 'Hullo')), '198.51.100.9', ''),
    ).toMatchObject({ verdict: 'fail' });
  });

  test('of a domain without a policy is proven by its own signature, and by nothing else', async () => {
    expect(await check(await mail('ann@lax.example', 'lax.example'), '198.51.100.9', '')).toMatchObject({
      verdict: 'pass',
      dmarc: 'none',
    });
    expect(await check(await mail('ann@lax.example', 'example.com'), '198.51.100.9', '')).toMatchObject({
      verdict: 'none',
    });
    expect(await check(await mail('ann@nowhere.example'), '198.51.100.9', '')).toMatchObject({
      verdict: 'none',
    });
  });

  test('proves nothing while DNS is away, or where it comes from this machine', async () => {
    const away: MailResolver = async () => {
      throw Object.assign(new Error('timeout'), { code: 'ETIMEOUT' });
    };
    expect(
      await check(await mail('ann@example.com', 'example.com'), '203.0.113.5', 'ann@example.com', away),
    ).toMatchObject({ verdict: 'none' });
    expect(
      await checkAuthentication(
        await mail('ann@example.com'),
        { from: '', remoteAddress: '127.0.0.1' },
        { mta: 'm' },
      ),
    ).toEqual({ verdict: 'none' });
    expect(await check(Buffer.from('no mail at all'), '203.0.113.5', '')).toMatchObject({ verdict: 'none' });
  });
});

describe('what a receiving server wrote', () => {
  const written = async (fields: string[], trusted = ['mx.google.com'], from = 'ann@example.com') =>
    writtenAuthentication(
      await readMail(Buffer.from([...fields, `From: ${from}`, '', 'x'].join('\r\n'))),
      trusted,
    );
  const google = (result: string) =>
    `Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@example.com header.s=k1;\r\n       spf=pass (google.com: domain of ann@example.com designates 203.0.113.5 as permitted sender; dmarc=pass) smtp.mailfrom=ann@example.com;\r\n       dmarc=${result} (p=REJECT sp=REJECT dis=NONE) header.from=example.com`;

  test('counts where the server is trusted', async () => {
    expect(await written([google('pass')])).toEqual({
      verdict: 'pass',
      spf: 'pass',
      dkim: 'pass',
      dmarc: 'pass',
    });
    expect(await written([google('fail')])).toMatchObject({ verdict: 'fail' });
    expect(await written([google('pass')], ['mx.example'])).toEqual({ verdict: 'none' });
    expect(await written([google('pass')], [])).toEqual({ verdict: 'none' });
  });

  test('the topmost counts: what stands below it may be the sender’s own', async () => {
    expect(await written([google('fail'), google('pass')])).toMatchObject({ verdict: 'fail' });
    expect(await written(['Authentication-Results: evil.example; dmarc=pass', google('fail')])).toMatchObject(
      {
        verdict: 'fail',
      },
    );
  });

  test('what a sender has quoted, or in a comment within one, is nobody’s verdict', async () => {
    const fields = [
      'spf=pass smtp.mailfrom="x; dmarc=pass y"@evil.example; dmarc=fail',
      'spf=pass (domain of (x) ; dmarc=pass header.d=example.com) smtp.mailfrom=a@evil.example; dmarc=fail',
      'spf=pass (a \\) ; dmarc=pass); dmarc=fail',
    ];
    for (const field of fields)
      expect(await written([`Authentication-Results: mx.google.com; ${field}`])).toMatchObject({
        verdict: 'fail',
      });
  });

  test('a signature of another domain proves nobody where there is no policy', async () => {
    const signed = (domain: string) =>
      `Authentication-Results: mx.google.com; dkim=pass header.d=${domain}; dmarc=none`;
    expect(await written([signed('example.com')])).toMatchObject({ verdict: 'pass' });
    expect(await written([signed('evil-example.com')])).toMatchObject({ verdict: 'none' });
    expect(await written([signed('example.com.evil.example')])).toMatchObject({ verdict: 'none' });
  });

  test('Gmail’s server is known by the mailbox', () => {
    expect(trustedServersOf({ trustedServers: ['mx.shop.example'] }, 'imap.gmail.com')).toEqual([
      'mx.shop.example',
      'mx.google.com',
    ]);
    expect(trustedServersOf({ trustedServers: [] }, 'imap.shop.example')).toEqual([]);
  });
});
