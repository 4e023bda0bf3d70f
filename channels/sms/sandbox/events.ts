/** What Twilio tells of: messages of customers, and how ours fare. */
import type { FormField } from '../signature.ts';
import type { SmsChat, TwilioAccount, TwilioNumber } from './account.ts';

/** A customer's message, as the number's webhook gets it. */
export function pushInbound(
  account: TwilioAccount,
  number: TwilioNumber,
  chat: SmsChat,
  message: { sid: string; text: string; media: readonly { url: string; mimeType: string }[] },
): void {
  if (number.smsUrl === '' || account.authToken === null) return;
  const { sid, text, media } = message;
  const fields: FormField[] = [
    ['ToCountry', 'US'],
    ['ToState', 'CA'],
    ['SmsMessageSid', sid],
    ['NumMedia', String(media.length)],
    ['ToCity', ''],
    ['FromZip', ''],
    ['SmsSid', sid],
    ['SmsStatus', 'received'],
    ['FromCountry', 'US'],
    ['Body', text],
    ...media.flatMap(({ url, mimeType }, index): FormField[] => [
      [`MediaContentType${index}`, mimeType],
      [`MediaUrl${index}`, url],
    ]),
    ['To', number.number],
    ['NumSegments', '1'],
    ['MessageSid', sid],
    ['AccountSid', account.sid],
    ['From', chat.customer],
    ['ApiVersion', '2010-04-01'],
  ];
  account.webhooks.push({
    url: number.smsUrl,
    fallbackUrl: number.smsFallbackUrl,
    authToken: account.authToken,
    fields,
    onText: (said) =>
      void chat.messages.push({
        id: `${sid}-answer`,
        from: 'business',
        author: number.number,
        atMs: Date.now(),
        text: said,
        media: [],
        choices: [],
        reactions: [],
        note: 'The webhook answered with text in place of TwiML; Twilio sends that.',
      }),
  });
}

export type SmsStatus = 'sent' | 'delivered' | 'undelivered';
/** Unreachable, in Twilio's words: nothing but a code. */
const UNREACHABLE = '30003';

/** A status of a message of ours: to the phone at once, to the callback by webhook. */
export function pushStatus(account: TwilioAccount, sid: string, status: SmsStatus): void {
  const message = account.sent.get(sid);
  if (!message) throw new Error(`Twilio has sent no message ${sid} for this account.`);
  const { to, number, statusCallback } = message;
  const shown = account.chats.get(`${number} ${to}`)?.messages.find(({ id }) => id === sid);
  if (shown && status !== 'undelivered') shown.status = status;
  if (shown && status === 'undelivered') shown.note = `Not delivered (error ${UNREACHABLE})`;
  if (statusCallback === '' || account.authToken === null) return;
  account.webhooks.push({
    url: statusCallback,
    authToken: account.authToken,
    fields: [
      ['SmsSid', sid],
      ['SmsStatus', status],
      ['MessageStatus', status],
      ['To', to],
      ['MessageSid', sid],
      ['AccountSid', account.sid],
      ['From', number],
      ['ApiVersion', '2010-04-01'],
      ...(status === 'undelivered' ? [['ErrorCode', UNREACHABLE] as const] : []),
    ],
  });
}
