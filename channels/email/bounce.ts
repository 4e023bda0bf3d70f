/** Delivery status notifications (RFC 3464): which of our mails a server speaks of, and what it says. */
import { cleanAddress, readMessageId } from './addresses.ts';
import type { Mail } from './mail.ts';
import { rawHeader, readHeaders, type Headers } from './mime/headers.ts';
import { partBytes, readTree, type MimePart } from './mime/tree.ts';

export interface DeliveryReport {
  action: 'failed' | 'delivered' | 'delayed' | 'other';
  /** `5.1.1`, where it was said. */
  code?: string;
  recipient?: string;
  /** The server's own words. */
  words: string;
  /** Message-ID of the mail it speaks of, with brackets. */
  originalMessageId: string | null;
}

/** More than any report has; what stands behind that isn't read. */
const LONGEST_REPORT = 100_000;
const MOST_GROUPS = 500;

/** Null where the mail is no report. A message to several may have several reports: the worst one counts. */
export function readBounce(mail: Mail): DeliveryReport | null {
  const parts = flatten(mail.tree);
  const status = parts.find(
    ({ type }) => type === 'message/delivery-status' || type === 'message/global-delivery-status',
  );
  if (!status) return null;
  const groups = partBytes(status)
    .subarray(0, LONGEST_REPORT)
    .toString('latin1')
    .split(/\r?\n\s*\r?\n/, MOST_GROUPS)
    .map((group) => readHeaders(Buffer.from(group, 'latin1')));
  const recipients = groups.filter((group) => rawHeader(group, 'action') !== '').map(readRecipient);
  const worst = ['failed', 'delayed', 'delivered', 'other']
    .map((action) => recipients.find((each) => each.action === action))
    .find(Boolean);
  return { action: 'other', words: '', ...worst, originalMessageId: originalIdOf(parts) };
}

function readRecipient(group: Headers): Omit<DeliveryReport, 'originalMessageId'> {
  const action = rawHeader(group, 'action').toLowerCase().trim();
  const [code] = /\d\.\d{1,3}\.\d{1,3}/.exec(rawHeader(group, 'status')) ?? [];
  const recipient = cleanAddress(
    (rawHeader(group, 'final-recipient') || rawHeader(group, 'original-recipient')).replace(/^[^;]*;/, ''),
  );
  const words = rawHeader(group, 'diagnostic-code')
    .replace(/^[^;]*;\s*/, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 500);
  return {
    action:
      action === 'failed' || action === 'delayed' || action === 'delivered'
        ? action
        : action === 'relayed' || action === 'expanded'
          ? 'delivered'
          : 'other',
    ...(code === undefined ? {} : { code }),
    ...(recipient === null ? {} : { recipient }),
    words,
  };
}

function originalIdOf(parts: readonly MimePart[]): string | null {
  for (const part of parts) {
    if (part.type === 'message/rfc822' || part.type === 'message/global')
      return readMessageId(rawHeader(readTree(partBytes(part)).headers, 'message-id'));
    if (part.type === 'text/rfc822-headers' || part.type === 'message/global-headers')
      return readMessageId(rawHeader(readHeaders(partBytes(part)), 'message-id'));
  }
  return null;
}

function flatten(part: MimePart): MimePart[] {
  return [part, ...part.children.flatMap(flatten)];
}
