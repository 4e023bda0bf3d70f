/** Requests as Twilio sends them, field by field; kept as forms in channels/sms/samples by samples.test.ts. */
type Fields = Record<string, string>;

const account = 'AC0123456789abcdef0123456789abcdef';
const sid = (kind: 'SM' | 'MM', no: number): string => `${kind}${no.toString(16).padStart(32, '0')}`;
const own = '+15005550006';
const ann = '+15551234567';

function message(no: number, fields: Fields, kind: 'SM' | 'MM' = 'SM'): Fields {
  return {
    ToCountry: 'US',
    ToState: 'CA',
    SmsMessageSid: sid(kind, no),
    NumMedia: '0',
    ToCity: '',
    FromZip: '94107',
    SmsSid: sid(kind, no),
    FromState: 'CA',
    SmsStatus: 'received',
    FromCity: 'SAN FRANCISCO',
    Body: '',
    FromCountry: 'US',
    To: own,
    ToZip: '',
    NumSegments: '1',
    MessageSid: sid(kind, no),
    AccountSid: account,
    From: ann,
    ApiVersion: '2010-04-01',
    ...fields,
  };
}

function status(no: number, name: string, fields: Fields = {}, kind: 'SM' | 'MM' = 'SM'): Fields {
  return {
    SmsSid: sid(kind, no),
    SmsStatus: name,
    MessageStatus: name,
    To: ann,
    MessageSid: sid(kind, no),
    AccountSid: account,
    From: own,
    ApiVersion: '2010-04-01',
    ...fields,
  };
}

function media(no: number, messageNo: number, mimeType: string, index = 0): Fields {
  return {
    [`MediaContentType${index}`]: mimeType,
    [`MediaUrl${index}`]: `https://api.twilio.com/2010-04-01/Accounts/${account}/Messages/${sid('MM', messageNo)}/Media/ME${no
      .toString(16)
      .padStart(32, '0')}`,
  };
}

export const bodies = {
  text: message(1, { Body: 'Hello, is the blue one in stock?' }),
  'text-unicode': message(2, { Body: 'Schön & günstig = 100 % 😊\nمرحبا + 你好', NumSegments: '2' }),
  'text-long': message(3, { Body: 'It stopped working. '.repeat(20).trim(), NumSegments: '3' }),
  'white-space': message(4, { Body: ' \n ' }),
  empty: message(5, {}),
  image: message(6, { NumMedia: '1', Body: 'It arrived broken', ...media(1, 6, 'image/jpeg') }, 'MM'),
  'several-media': message(
    7,
    {
      NumMedia: '3',
      ...media(2, 7, 'image/png'),
      ...media(3, 7, 'video/3gpp', 1),
      ...media(4, 7, 'audio/amr', 2),
    },
    'MM',
  ),
  'contact-card': message(8, { NumMedia: '1', ...media(5, 8, 'text/x-vcard') }, 'MM'),
  stop: message(9, { Body: 'STOP' }),
  'stop-in-own-words': message(10, {
    Body: 'Schluss',
    OptOutType: 'STOP',
    MessagingServiceSid: 'MG0123456789abcdef0123456789abcdef',
  }),
  start: message(11, { Body: ' start ' }),
  help: message(12, {
    Body: 'HELP',
    OptOutType: 'HELP',
    MessagingServiceSid: 'MG0123456789abcdef0123456789abcdef',
  }),
  'from-short-code': message(13, { From: '12345', Body: 'Your code is 4711', FromCity: '', FromZip: '' }),
  'from-a-name': message(14, {
    From: 'PARCELS',
    Body: 'Your parcel is on its way.',
    FromCity: '',
    FromZip: '',
  }),
  fallback: message(15, {
    Body: 'Hello?',
    ErrorCode: '11200',
    ErrorUrl: 'https://teloring.example/webhooks/twilio/0199a1b2-0000-7000-8000-000000000001/sms',
  }),
  'status-queued': status(21, 'queued'),
  'status-sending': status(21, 'sending'),
  'status-sent': status(21, 'sent'),
  'status-delivered': status(21, 'delivered', { RawDlrDoneDate: '2611222001' }),
  'status-undelivered': status(22, 'undelivered', { ErrorCode: '30003' }),
  'status-filtered': status(23, 'undelivered', { ErrorCode: '30007', RawDlrDoneDate: '2611222001' }),
  'status-failed': status(24, 'failed', {
    ErrorCode: '30034',
    ErrorMessage: 'Message from an Unregistered Number',
    MessagingServiceSid: 'MG0123456789abcdef0123456789abcdef',
  }),
  'status-opted-out': status(25, 'failed', { ErrorCode: '21610' }),
  'status-canceled': status(26, 'canceled'),
  'status-of-mms': status(27, 'delivered', {}, 'MM'),
} satisfies Record<string, Fields>;

export function formOf(fields: Fields): string {
  return new URLSearchParams(fields).toString();
}
