/** Calls as the double of Twilio has them, and what it tells of them. */
import type { PhoneMessage } from '../../sandbox-contract.ts';
import type { SandboxDeps } from '../../sandbox-contract.ts';
import { chatOf, newSid, type TwilioAccount, type TwilioNumber } from '../../sms/sandbox/account.ts';
import { twilioSignature, type FormField } from '../../sms/signature.ts';

export type CallStatus =
  'queued' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled';
export interface VoiceCall {
  sid: string;
  parentSid: string | null;
  direction: 'inbound' | 'outbound-dial';
  /** Ours. */
  number: TwilioNumber;
  from: string;
  to: string;
  callerName: string;
  status: CallStatus;
  answeredAtMs: number | null;
  endedAtMs: number | null;
  /** Raised by whatever makes it do something else: what ran before stops. */
  script: number;
  callback: { url: string; events: readonly string[] } | null;
  sequence: number;
  /** Custom parameters that a ringing client is given. */
  parameters: Record<string, string>;
  /** What the other side does reaches whoever waits for it. */
  onInput: ((input: Input) => void) | null;
  /** Sides that this call dials, and whichever it talks to. */
  dialled: VoiceCall[];
  onDialled: ((child: VoiceCall, what: 'answered' | 'ended') => void) | null;
}
export type Input = { digits: string } | { speech: string } | { hungUp: true };

const FINAL = new Set<CallStatus>(['completed', 'busy', 'no-answer', 'failed', 'canceled']);
export const isOver = ({ status }: Pick<VoiceCall, 'status'>): boolean => FINAL.has(status);

export function newCall(
  of: Pick<VoiceCall, 'number' | 'from' | 'to' | 'direction'> & Partial<VoiceCall>,
): VoiceCall {
  return {
    sid: newSid('CA'),
    parentSid: null,
    callerName: '',
    status: 'ringing',
    answeredAtMs: null,
    endedAtMs: null,
    script: 0,
    callback: null,
    sequence: 0,
    parameters: {},
    onInput: null,
    dialled: [],
    onDialled: null,
    ...of,
  };
}

/** What everything about a call tells of it. */
export function fieldsOf(account: TwilioAccount, call: VoiceCall): FormField[] {
  return [
    ['Called', call.to],
    ['To', call.to],
    ['CallStatus', call.status],
    ['CallSid', call.sid],
    ['Direction', call.direction],
    ['AccountSid', account.sid],
    ['Caller', call.from],
    ['From', call.from],
    ['ApiVersion', '2010-04-01'],
    ...(call.callerName === '' ? [] : [['CallerName', call.callerName] as const]),
    ...(call.parentSid === null ? [] : [['ParentCallSid', call.parentSid] as const]),
  ];
}

const eventOf: Readonly<Record<CallStatus, string>> = {
  queued: 'initiated',
  ringing: 'ringing',
  'in-progress': 'answered',
  completed: 'completed',
  busy: 'completed',
  'no-answer': 'completed',
  failed: 'completed',
  canceled: 'completed',
};

/** Sets a call's status and tells whoever wants to know. A call that is over stays so. */
export function become(account: TwilioAccount, call: VoiceCall, status: CallStatus): void {
  if (isOver(call) || call.status === status) return;
  call.status = status;
  const atMs = Date.now();
  if (status === 'in-progress') call.answeredAtMs ??= atMs;
  if (isOver(call)) call.endedAtMs = atMs;
  tell(account, call);
}

export function tell(account: TwilioAccount, call: VoiceCall): void {
  const { callback, status } = call;
  if (callback === null || callback.url === '' || account.authToken === null) return;
  if (!callback.events.includes(eventOf[status])) return;
  account.webhooks.push({
    url: callback.url,
    authToken: account.authToken,
    fields: [
      ...fieldsOf(account, call),
      ['CallbackSource', 'call-progress-events'],
      ['SequenceNumber', String(call.sequence++)],
      ['Timestamp', new Date().toUTCString()],
      ...(isOver(call)
        ? [
            ['CallDuration', String(secondsOf(call))] as const,
            ['Duration', String(Math.ceil(secondsOf(call) / 60))] as const,
          ]
        : []),
    ],
  });
}

export function secondsOf({ answeredAtMs, endedAtMs }: VoiceCall): number {
  if (answeredAtMs === null) return 0;
  return Math.max(1, Math.round(((endedAtMs ?? Date.now()) - answeredAtMs) / 1000));
}

/** Asks one of our addresses for TwiML, signed like Twilio. Null: no answer, or none that counts. */
export async function fetchTwiml(
  account: TwilioAccount,
  deliver: SandboxDeps['deliver'],
  url: string,
  fields: readonly FormField[],
): Promise<string | null> {
  if (account.authToken === null || url === '') return null;
  const body = new URLSearchParams(fields.map(([name, value]) => [name, value])).toString();
  const bare = url.replace(/#.*$/s, '');
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'user-agent': 'TwilioProxy/1.1',
    'x-twilio-signature': twilioSignature(account.authToken, bare, [...new URLSearchParams(body)]),
  };
  try {
    let answer = await deliver(bare, { method: 'POST', headers, body });
    // What is delivered twice is answered twice; the last answer counts.
    for (let copy = 1; copy < account.webhooks.delivery().copies; copy += 1)
      answer = await deliver(bare, { method: 'POST', headers, body });
    return answer.status >= 200 && answer.status < 300 ? answer.body : null;
  } catch {
    return null;
  }
}

/** On the customer's phone: what they hear, and what they do. */
export function show(
  account: TwilioAccount,
  call: VoiceCall,
  from: PhoneMessage['from'],
  text: string,
  note?: string,
): void {
  const customer = call.from === call.number.number || call.from.startsWith('client:') ? call.to : call.from;
  if (customer.startsWith('client:')) return;
  const chat = chatOf(account, call.number.number, customer, call.callerName || customer);
  chat.messages.push({
    id: newSid('VO'),
    from,
    author: from === 'business' ? call.number.number : chat.title,
    atMs: Date.now(),
    text,
    media: [],
    choices: [],
    reactions: [],
    ...(note === undefined ? {} : { note }),
  });
}
