/** A copy of what was sent, laid ready for the mailbox's folder of sent mails: whoever looks after the mailbox saves it there. */
import MailComposer from 'nodemailer/lib/mail-composer';
import type { ComposedMail } from './compose.ts';

export function sentCopyKey(inbox: { id: string; workspaceId: string }, outboxId: string): string {
  return `${inbox.workspaceId}/sent/${inbox.id}/${outboxId}`;
}

/** Best effort: the mail has left, so nothing that goes wrong here may say otherwise. */
export async function laySentCopy(
  store: { put(key: string, bytes: Uint8Array, mimeType: string): Promise<unknown> } | undefined,
  key: string,
  mail: ComposedMail,
): Promise<void> {
  try {
    const bytes = await new MailComposer({ ...mail, newline: '\r\n' }).compile().build();
    await store?.put(key, bytes, 'message/rfc822');
  } catch {
    // A missing copy in the sender's own folder is no reason to doubt the mail.
  }
}
