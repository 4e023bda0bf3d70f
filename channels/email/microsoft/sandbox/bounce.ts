/** A report that a mail could not be delivered, as Exchange sends it. */
import { randomBytes } from 'node:crypto';
import type { Item } from './item.ts';

export function bounceOf(item: Item, mailbox: { address: string }): Uint8Array {
  const boundary = `report-${randomBytes(8).toString('hex')}`;
  const recipient = item.to[0]?.address ?? '';
  const lines = [
    'From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@bakery.example>',
    `To: ${mailbox.address}`,
    `Message-ID: <${randomBytes(12).toString('hex')}@SANDBOX.PROD.OUTLOOK.EXAMPLE>`,
    `Date: ${new Date().toUTCString()}`,
    `Subject: Undeliverable: ${item.subject.replaceAll(/[^\x20-\x7e]/g, '?')}`,
    `In-Reply-To: ${item.internetMessageId}`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `Your message to ${recipient} couldn't be delivered: the address wasn't found.`,
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns;SANDBOX.PROD.OUTLOOK.EXAMPLE',
    '',
    `Final-Recipient: rfc822;${recipient}`,
    'Action: failed',
    'Status: 5.1.10',
    'Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
    '',
    `--${boundary}`,
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: ${item.internetMessageId}`,
    `Subject: ${item.subject.replaceAll(/[^\x20-\x7e]/g, '?')}`,
    `To: ${recipient}`,
    '',
    `--${boundary}--`,
    '',
  ];
  return new TextEncoder().encode(lines.join('\r\n'));
}
