/** The bytes of an attachment, taken out of the kept original again. */
import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import type { EmailAdapterDeps } from './deps.ts';
import { readMail } from './mail.ts';

/** @throws ChannelError permanent where the original is gone, or not this workspace's */
export async function attachmentBytes(
  deps: Pick<EmailAdapterDeps, 'uploads'>,
  workspaceId: string,
  source: JsonObject,
  maxBytes: number,
): Promise<MediaBytes> {
  const { original, index } = source;
  if (typeof original !== 'string' || typeof index !== 'number' || !original.startsWith(`${workspaceId}/`))
    throw new ChannelError('permanent', 'The attachment names no mail.');
  const raw = await deps.uploads?.get(original);
  const attachment = raw && (await readMail(raw)).attachments[index];
  if (!attachment)
    throw new ChannelError('permanent', 'The mail that the attachment came with is no longer there.');
  const bytes = attachment.bytes();
  if (bytes.byteLength > maxBytes)
    throw new ChannelError('permanent', `The attachment is larger than ${maxBytes} bytes.`);
  return { bytes, mimeType: attachment.mimeType, name: attachment.name };
}
