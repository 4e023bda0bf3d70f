/** Gmail asks the target of a forward for consent: its code and link are the admin's business, not a conversation. */
import type { Mail } from './mail.ts';

export interface ForwardingConfirmation {
  /** The address that wants to forward to us. */
  from: string;
  code: string;
  /** Only ever at Google. */
  link: string;
}

export function readForwardingConfirmation(mail: Mail): ForwardingConfirmation | null {
  if (mail.from[0]?.address !== 'forwarding-noreply@google.com') return null;
  const text = `${mail.subject}\n${mail.text}`.slice(0, 20_000);
  const [link = ''] =
    /https:\/\/(?:mail-settings|mail)\.google\.com\/mail\/[^\s<>"']{1,500}/.exec(text) ?? [];
  const [, code = ''] =
    /\(#(\d{6,12})\)/.exec(mail.subject) ??
    /(?:code|code de confirmation|bestätigungscode)\s*[:：]\s*(\d{6,12})/iu.exec(text) ??
    [];
  const [from = ''] =
    /[^\s<>"()]{1,64}@[a-z0-9.-]{1,190}\.[a-z]{2,}/i.exec(mail.subject) ??
    /[^\s<>"()]{1,64}@[a-z0-9.-]{1,190}\.[a-z]{2,}/i.exec(mail.text.slice(0, 5_000)) ??
    [];
  return link === '' && code === '' ? null : { from, code, link };
}
