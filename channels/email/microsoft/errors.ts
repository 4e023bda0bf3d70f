/** Microsoft's refusals in our kinds. */
import type { SendFailureKind } from '#domain/channel.ts';
import { ChannelError } from '../../contract.ts';
import type { HttpResponse } from '../../http.ts';
import { jsonOf } from '../../json-body.ts';
import { retryAfterMs } from '../../retry-after.ts';
import { graphError, loginError } from './wire.ts';

const byCode: Readonly<Record<string, SendFailureKind>> = {
  // A new permission, a licence or another sign-in mends these: what is owed waits for it.
  ErrorAccessDenied: 'reauthorize',
  Authorization_RequestDenied: 'reauthorize',
  MailboxNotEnabledForRESTAPI: 'reauthorize',
  MailboxNotSupportedForRESTAPI: 'reauthorize',
  ErrorMailboxStoreUnavailable: 'retry_after',
  ErrorServerBusy: 'retry_after',
  ApplicationThrottled: 'retry_after',
  TooManyRequests: 'retry_after',
  ErrorExceededMessageLimit: 'retry_after',
  ErrorSubmissionQuotaExceeded: 'retry_after',
  ErrorInvalidRecipients: 'contact_unreachable',
  ErrorSendAsDenied: 'permanent',
};
/** The daily number of mails is used up. */
const QUOTA_MS = 30 * 60_000;

export function graphRefusal({ status, headers, body }: HttpResponse): ChannelError {
  const read = graphError.safeParse(jsonOf(body));
  const code = read.success && read.data.error.code !== '' ? read.data.error.code : String(status);
  const words = read.success ? read.data.error.message : `the answer had status ${status}`;
  const kind = byCode[code] ?? byStatus(status);
  const asked = retryAfterMs(headers['retry-after'], Date.now());
  return new ChannelError(kind, `Microsoft: ${words} (${code})`, {
    providerCode: code,
    retryAfterMs:
      kind === 'retry_after'
        ? (asked ?? (/Quota|MessageLimit/.test(code) ? QUOTA_MS : undefined))
        : undefined,
  });
}

function byStatus(status: number): SendFailureKind {
  if (status === 401) return 'reauthorize';
  if (status === 429 || status === 503) return 'retry_after';
  return status >= 400 && status < 500 ? 'permanent' : 'no_answer';
}

/** Who must act, in a sentence that an admin understands. */
const loginWords: Readonly<Record<number, string>> = {
  65001: 'Nobody has agreed yet that Teloring may use this mailbox.',
  65004: 'The sign-in was declined.',
  90094: 'An administrator of your Microsoft organization has to agree first.',
  90099: 'An administrator of your Microsoft organization has to agree first.',
  50173: 'The password was changed or the access withdrawn.',
  700082: 'The access was not used for too long.',
  700084: 'The access has ended.',
  50076: 'Microsoft asks for a second factor.',
  50079: 'Microsoft asks for a second factor.',
  50078: 'Microsoft asks for a second factor anew.',
  70008: 'The access has expired.',
  7000215: 'The secret of the Microsoft app (MICROSOFT_CLIENT_SECRET) is wrong.',
  7000222: 'The secret of the Microsoft app (MICROSOFT_CLIENT_SECRET) has expired.',
};

export function loginSentence(code: number | undefined): string | undefined {
  return code === undefined ? undefined : loginWords[code];
}

/** AADSTS code of an error description. */
export function loginCode(description: string): number | undefined {
  const [, digits] = /AADSTS(\d+)/.exec(description) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** A refusal of the token endpoint. `reauthorize`: only a person can mend it. */
export function loginRefusal({ status, headers, body }: HttpResponse): ChannelError {
  const read = loginError.safeParse(jsonOf(body));
  const {
    error,
    error_description: description,
    error_codes: codes,
  } = read.success ? read.data : { error: '', error_description: '', error_codes: [] };
  const code = codes[0] ?? loginCode(description);
  const own = loginSentence(code);
  // The rest of a description is numbers for Microsoft's support.
  const [line = ''] = description.split(/\r?\n| Trace ID:/);
  const message = [own, `Microsoft: ${line || error || `the answer had status ${status}`}`]
    .filter(Boolean)
    .join(' ');
  const providerCode = code === undefined ? error || String(status) : `AADSTS${code}`;
  if (status === 429 || status >= 500)
    return new ChannelError('retry_after', message, {
      providerCode,
      retryAfterMs: retryAfterMs(headers['retry-after'], Date.now()),
    });
  // Wrong app secrets are the deployment's to mend; what the inbox owes waits all the same.
  return new ChannelError('reauthorize', message, { providerCode });
}
