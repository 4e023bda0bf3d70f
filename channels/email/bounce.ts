/** Delivery status notifications (RFC 3464): which of our mails a server speaks of, and what it says. */
import { cleanAddress, readMessageId } from './addresses.ts';
import { fieldOf, type Fields } from './fields.ts';
import type { Mail } from './mail.ts';
import { takeApart, type MailPart } from './parts.ts';

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

const returned = /^(message\/rfc822|message\/global|text\/rfc822-headers|message\/global-headers)$/;
/** More than any report has; what stands behind that isn't read. */
const LONGEST_REPORT = 100_000;
/** Recipients of one report, and what is said of all of them. */
const MOST_GROUPS = 200;

/** Null where the mail is no report. A message to several may have several reports: the worst one counts. */
export async function readBounce(mail: Mail): Promise<DeliveryReport | null> {
  const parts = flatten(mail.root);
  const status = parts.find(
    ({ type }) => type === 'message/delivery-status' || type === 'message/global-delivery-status',
  );
  if (!status) return null;
  const groups: Fields[] = [];
  const blocks = status
    .bytes()
    .subarray(0, LONGEST_REPORT)
    .toString('latin1')
    .trim()
    .split(/\r?\n\s*\r?\n/, MOST_GROUPS);
  // Each group has the form of a mail's head.
  for (const block of blocks) groups.push((await takeApart(Buffer.from(block, 'latin1'))).fields);
  const recipients = groups.filter((group) => fieldOf(group, 'action') !== '').map(readRecipient);
  const worst = ['failed', 'delayed', 'delivered', 'other']
    .map((action) => recipients.find((each) => each.action === action))
    .find(Boolean);
  return { action: 'other', words: '', ...worst, originalMessageId: await originalIdOf(parts) };
}

function readRecipient(group: Fields): Omit<DeliveryReport, 'originalMessageId'> {
  const action = fieldOf(group, 'action').toLowerCase().trim();
  const [code] = /\d\.\d{1,3}\.\d{1,3}/.exec(fieldOf(group, 'status')) ?? [];
  const recipient = cleanAddress(
    (fieldOf(group, 'final-recipient') || fieldOf(group, 'original-recipient')).replace(/^[^;]*;/, ''),
  );
  const words = fieldOf(group, 'diagnostic-code')
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

/** Of the mail that came back, or of its head alone. */
async function originalIdOf(parts: readonly MailPart[]): Promise<string | null> {
  const original = parts.find(({ type }) => returned.test(type));
  if (!original) return null;
  const { fields } = await takeApart(original.bytes());
  return readMessageId(fieldOf(fields, 'message-id'));
}

function flatten(part: MailPart): MailPart[] {
  return [part, ...part.children.flatMap(flatten)];
}
