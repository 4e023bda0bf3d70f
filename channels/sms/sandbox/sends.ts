/** POST /Messages.json: what Twilio refuses, and what happens once it accepts. */
import type { Json } from '#domain/json.ts';
import { isE164 } from '../number.ts';
import { chatOf, newSid, numberOf, type TwilioAccount } from './account.ts';
import { messageJson, Refusal } from './answers.ts';
import { pushStatus } from './events.ts';

/** Twilio's own test numbers, each of which is refused in its way. */
const testNumbers: Readonly<Record<string, [code: number, message: string]>> = {
  '+15005550001': [21211, "The 'To' number +15005550001 is not a valid phone number."],
  '+15005550002': [21612, "The 'To' phone number +15005550002 is not currently reachable via SMS."],
  '+15005550003': [21408, "Permission to send an SMS has not been enabled for the region of 'To' number."],
  '+15005550004': [21610, 'Attempt to send to unsubscribed recipient'],
  '+15005550009': [21614, "'To' number +15005550009 is not a valid mobile number"],
};

/** @throws Refusal */
export function acceptMessage(account: TwilioAccount, form: URLSearchParams): Json {
  const field = (name: string): string => form.get(name) ?? '';
  const [to, body, service, statusCallback] = [
    field('To'),
    field('Body'),
    field('MessagingServiceSid'),
    field('StatusCallback'),
  ];
  const media = form.getAll('MediaUrl');
  refuseRecipient(to);
  const from = service === '' ? field('From') : firstNumber(account);
  if (!numberOf(account, from))
    throw new Refusal(
      400,
      21659,
      `'From' ${from} is not a Twilio phone number or Short Code country mismatch`,
    );
  refuseContent(body, media, statusCallback);
  const chat = chatOf(account, from, to);
  if (chat.blocked) throw new Refusal(400, 21610, 'Attempt to send to unsubscribed recipient');

  const sid = newSid(media.length > 0 ? 'MM' : 'SM');
  const atMs = Date.now();
  chat.messages.push({
    id: sid,
    from: 'business',
    author: service === '' ? from : service,
    atMs,
    text: body,
    media: media.map((url) => ({ kind: 'file', url })),
    choices: [],
    reactions: [],
  });
  const key = URL.canParse(statusCallback) ? new URL(statusCallback).searchParams.get('key') : null;
  account.ledger.push({
    number: from,
    entry: {
      atMs,
      providerMessageId: sid,
      to,
      request: { ...Object.fromEntries(form), ...(media.length > 1 ? { MediaUrl: media } : {}) },
      ...(key === null ? {} : { key }),
    },
  });
  account.sent.set(sid, { sid, number: from, to, statusCallback });
  if (account.webhooks.delivery().statuses)
    for (const status of ['sent', 'delivered'] as const) pushStatus(account, sid, status);
  return messageJson(account, sid, { from, to, body, service, media: media.length });
}

function refuseRecipient(to: string): void {
  const test = Object.hasOwn(testNumbers, to) ? testNumbers[to] : undefined;
  if (test) throw new Refusal(400, test[0], test[1]);
  if (to === '') throw new Refusal(400, 21604, "A 'To' phone number is required.");
  if (!isE164(to)) throw new Refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`);
}

function refuseContent(body: string, media: readonly string[], statusCallback: string): void {
  if (body === '' && media.length === 0) throw new Refusal(400, 21602, 'Message body is required.');
  if (body.length > 1600)
    throw new Refusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit');
  if (media.length > 10) throw new Refusal(400, 21623, 'Number of media files exceeds allowed limit');
  if (media.some((url) => !URL.canParse(url))) throw new Refusal(400, 21620, 'Invalid media URL(s)');
  if (statusCallback !== '' && !URL.canParse(statusCallback))
    throw new Refusal(400, 21609, `The StatusCallback URL ${statusCallback} is not a valid URL.`);
}

function firstNumber(account: TwilioAccount): string {
  return account.numbers.keys().next().value ?? '';
}
