/** Twilio's REST API, as far as the adapter calls it. */
import { answer, notFound, numberJson, Refusal } from './answers.ts';
import { numberOf, type TwilioAccount, type TwilioNumber } from './account.ts';
import { acceptMessage } from './sends.ts';

export interface ApiDeps {
  publicUrl: string;
  /** Where the double is reached; the base of its links. */
  baseUrl: string;
}
export interface ApiCall {
  method: string;
  /** Below the account: `/Messages.json`. */
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
}

/** @throws Refusal */
export function callApi(deps: ApiDeps, account: TwilioAccount, call: ApiCall): Response {
  const { method, path, query, form } = call;
  if (method === 'GET' && path === '.json')
    return answer({ sid: account.sid, friendly_name: 'Sandbox', status: 'active', type: 'Full' });
  if (method === 'GET' && path === '/Balance.json')
    return answer({ account_sid: account.sid, balance: '23.50', currency: 'USD' });
  if (method === 'GET' && path === '/IncomingPhoneNumbers.json') return listNumbers(account, query);
  const numberSid = /^\/IncomingPhoneNumbers\/(PN\w+)\.json$/.exec(path)?.[1];
  if (numberSid !== undefined) {
    const number = [...account.numbers.values()].find(({ sid }) => sid === numberSid);
    if (!number) throw notFound(path);
    if (method === 'POST') updateNumber(deps, number, form);
    return answer(numberJson(account, number));
  }
  if (method === 'POST' && path === '/Messages.json') return answer(acceptMessage(account, form), 201);
  const recordingSid = /^\/Recordings\/(RE\w+)(?:\.mp3)?$/.exec(path)?.[1];
  const recording = recordingSid === undefined ? undefined : account.media.get(recordingSid);
  if (recording && method === 'GET')
    return new Response(Uint8Array.from(recording.bytes), {
      headers: { 'content-type': recording.mimeType },
    });
  const mediaSid = /^\/Messages\/\w+\/Media\/(ME\w+)$/.exec(path)?.[1];
  const media = mediaSid === undefined ? undefined : account.media.get(mediaSid);
  if (media && method === 'GET')
    return new Response(null, {
      status: 307,
      headers: { location: `${deps.baseUrl}/cdn/${account.sid}/${mediaSid}/${media.ticket}` },
    });
  throw notFound(path);
}

/** The store behind the API's links: it takes a ticket, and nobody's credentials. */
export function fetchStored(
  account: TwilioAccount,
  mediaSid: string,
  ticket: string,
  request: Request,
): Response {
  const media = account.media.get(mediaSid);
  if (!media || media.ticket !== ticket) return new Response('Not found', { status: 404 });
  if (request.headers.has('authorization'))
    return new Response('Only one auth mechanism is allowed', { status: 400 });
  return new Response(Uint8Array.from(media.bytes), { headers: { 'content-type': media.mimeType } });
}

function listNumbers(account: TwilioAccount, query: URLSearchParams): Response {
  const asked = query.get('PhoneNumber');
  const numbers = asked === null ? [...account.numbers.values()] : [numberOf(account, asked)];
  return answer({
    incoming_phone_numbers: numbers.flatMap((number) => (number ? [numberJson(account, number)] : [])),
    page: 0,
    page_size: 50,
  });
}

/** Only what the form names changes, as at Twilio. */
function updateNumber({ publicUrl }: ApiDeps, number: TwilioNumber, form: URLSearchParams): void {
  for (const name of ['SmsUrl', 'SmsFallbackUrl', 'VoiceUrl', 'VoiceFallbackUrl', 'StatusCallback']) {
    const url = form.get(name) ?? '';
    if (url !== '' && !url.startsWith(`${publicUrl}/`))
      throw new Refusal(400, 21502, `${name} is not valid.`);
  }
  number.smsUrl = form.get('SmsUrl') ?? number.smsUrl;
  number.smsMethod = form.get('SmsMethod') ?? number.smsMethod;
  number.smsFallbackUrl = form.get('SmsFallbackUrl') ?? number.smsFallbackUrl;
  number.smsFallbackMethod = form.get('SmsFallbackMethod') ?? number.smsFallbackMethod;
  number.smsApplicationSid = form.get('SmsApplicationSid') ?? number.smsApplicationSid;
  number.voiceUrl = form.get('VoiceUrl') ?? number.voiceUrl;
  number.voiceFallbackUrl = form.get('VoiceFallbackUrl') ?? number.voiceFallbackUrl;
  number.voiceApplicationSid = form.get('VoiceApplicationSid') ?? number.voiceApplicationSid;
  number.statusCallback = form.get('StatusCallback') ?? number.statusCallback;
}
