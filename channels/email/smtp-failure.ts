/** What a failed SMTP session says about the mail. Pure. */
import { ChannelError } from '../contract.ts';

/** How far it had come: in `data` the server had agreed to take the mail, and bytes of it may have arrived. */
export type SmtpStage = 'connect' | 'login' | 'envelope' | 'data';

interface SmtpError {
  message: string;
  code?: string;
  responseCode?: number;
  response?: string;
  command?: string;
}

export function smtpFailure(error: unknown, stage: SmtpStage, host: string): ChannelError {
  const told: SmtpError = error instanceof Error ? error : { message: String(error) };
  const { responseCode: code } = told;
  const words = (told.response ?? told.message).replaceAll(/\s+/g, ' ').trim();
  const options = { cause: error, ...(code === undefined ? {} : { providerCode: String(code) }) };
  const failure = (kind: ChannelError['kind'], text: string): ChannelError =>
    new ChannelError(kind, text, options);
  if (code === undefined) return unanswered(told, stage, host, failure);
  if (told.code === 'ETLS' && code >= 500)
    return failure(
      'reauthorize',
      `${host} offers no encryption on this port (${words}), so no password was sent. Use its TLS port.`,
    );
  if (stage === 'connect') return failure('not_sent', `${host} doesn’t take mail now: ${words}`);
  if (code === 530 || code === 534 || code === 535 || code === 538)
    return failure('reauthorize', `${host} refused the login: ${words}`);
  if (code >= 400 && code < 500) return failure('retry_after', words);
  if (stage === 'login') return failure('reauthorize', `${host} refused the login: ${words}`);
  if (code === 552 || / 5\.3\.4|size/i.test(words))
    return failure('permanent', `The mail is too large: ${words}`);
  if (stage === 'envelope' && /RCPT/i.test(told.command ?? '')) return failure('contact_unreachable', words);
  return failure('permanent', words);
}

/** No answer to what was asked: a broken connection, TLS, DNS, silence. */
function unanswered(
  told: SmtpError,
  stage: SmtpStage,
  host: string,
  failure: (kind: ChannelError['kind'], text: string) => ChannelError,
): ChannelError {
  if (stage === 'data')
    return failure('no_answer', `${host} got the mail but didn’t say whether it takes it: ${told.message}`);
  if (told.code === 'EAUTH' && !isBroken(told.message))
    return failure('reauthorize', `${host} can’t be signed in to: ${told.message}`);
  if (told.code === 'EENVELOPE') return failure('contact_unreachable', told.message);
  if (told.code === 'EMESSAGE')
    return failure(
      'permanent',
      /size/i.test(told.message) ? `The mail is too large: ${told.message}` : told.message,
    );
  return failure('not_sent', `${host} can’t be reached: ${readable(told.message)}`);
}

function isBroken(message: string): boolean {
  return /closed|timeout|too long|reset|socket/i.test(message);
}

/** Node's words for what an admin can mend, in plain ones. */
export function readable(message: string): string {
  if (
    /wrong version number|packet length too long|ssl3_get_record|unknown protocol|record layer/i.test(message)
  )
    return 'the server doesn’t speak TLS on this port. Switch “TLS from the start” off, or use another port.';
  if (/greeting never received|Greeting/i.test(message))
    return 'nothing answered as a mail server does. Is the port right, and “TLS from the start” as it should be?';
  if (/self.signed|unable to verify|certificate|altnames/i.test(message))
    return `its certificate isn’t trusted (${message}).`;
  if (/ECONNREFUSED/.test(message)) return 'nothing listens on this port.';
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return 'there is no such host.';
  return message;
}
