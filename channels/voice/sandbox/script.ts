/** Carries TwiML out, as far as we write it: Say, Play, Pause, Gather, Record, Dial with Client and Number, Redirect, Hangup, Reject. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxDeps } from '../../sandbox-contract.ts';
import { newSid, type TwilioAccount } from '../../sms/sandbox/account.ts';
import type { FormField } from '../../sms/signature.ts';
import {
  become,
  fetchTwiml,
  fieldsOf,
  isOver,
  newCall,
  secondsOf,
  show,
  tell,
  type Input,
  type VoiceCall,
} from './calls.ts';
import { dialTargets } from './targets.ts';
import { readTwiml, type Element } from './xml.ts';

export interface Line {
  account: TwilioAccount;
  deliver: SandboxDeps['deliver'];
  /** Where the double is reached; the base of recordings' links. */
  baseUrl: string;
}

/** Asks an address what to do and does it; where it gives no answer the fallback is asked, then the call fails. */
export async function runUrl(
  line: Line,
  call: VoiceCall,
  url: string,
  more: readonly FormField[] = [],
  fallbackUrl = '',
): Promise<void> {
  const script = (call.script += 1);
  const fields = [...fieldsOf(line.account, call), ...more];
  const xml =
    (await fetchTwiml(line.account, line.deliver, url, fields)) ??
    (fallbackUrl === ''
      ? null
      : await fetchTwiml(line.account, line.deliver, fallbackUrl, [
          ...fields,
          ['ErrorCode', '11200'],
          ['ErrorUrl', url],
        ]));
  if (call.script !== script || isOver(call)) return;
  if (xml === null) {
    show(
      line.account,
      call,
      'business',
      'An application error has occurred. Goodbye.',
      'Twilio’s own words: our webhook did not answer',
    );
    endCall(line, call, 'failed');
    return;
  }
  await runXml(line, call, xml);
}

export async function runXml(line: Line, call: VoiceCall, xml: string): Promise<void> {
  const script = (call.script += 1);
  let verbs: Element[];
  try {
    verbs = readTwiml(xml);
  } catch (error) {
    show(line.account, call, 'business', 'An application error has occurred. Goodbye.', String(error));
    endCall(line, call, 'failed');
    return;
  }
  for (const verb of verbs) {
    if (call.script !== script || isOver(call)) return;
    const elsewhere = await carryOut(line, call, verb, script);
    if (elsewhere) return;
  }
  if (call.script === script) endCall(line, call, 'completed');
}

/** @returns whether the rest of the document is not read */
async function carryOut(line: Line, call: VoiceCall, verb: Element, script: number): Promise<boolean> {
  const { attributes, name } = verb;
  switch (name) {
    case 'Pause':
      await sleep(Number(attributes['length'] ?? 1) * 1000, undefined, { ref: false });
      return false;
    case 'Say':
    case 'Play':
      pickUp(line, call);
      if (name === 'Say') show(line.account, call, 'business', verb.text);
      await sleep(name === 'Say' ? 30 : playMs(verb), undefined, { ref: false });
      return false;
    case 'Redirect':
      await runUrl(line, call, verb.text.trim());
      return true;
    case 'Gather':
      return gather(line, call, verb, script);
    case 'Record':
      return record(line, call, verb, script);
    case 'Dial':
      return dial(line, call, verb, script);
    case 'Hangup':
      endCall(line, call, 'completed');
      return true;
    case 'Reject':
      endCall(line, call, 'busy');
      return true;
    default:
      show(line.account, call, 'business', '', `The sandbox knows no <${name}>; it went on.`);
      return false;
  }
}

/** Tones are short; music lasts, as often as it is asked for (0: until the call does something else). */
function playMs({ attributes, text }: Element): number {
  if (text.trim() === '') return 250;
  const times = Number(attributes['loop'] ?? 1);
  return Math.min(180_000 * (times === 0 ? Infinity : times), 24 * 3_600_000);
}

function pickUp(line: Line, call: VoiceCall): void {
  if (call.status === 'ringing') become(line.account, call, 'in-progress');
}

/** What the other side does next; null when the time is over or the call does something else. */
async function input(call: VoiceCall, seconds: number): Promise<Input | null> {
  const { promise, resolve } = Promise.withResolvers<Input | null>();
  const timer = setTimeout(() => resolve(null), seconds * 1000);
  timer.unref();
  call.onInput = resolve;
  const got = await promise;
  clearTimeout(timer);
  if (call.onInput === resolve) call.onInput = null;
  return got;
}

async function gather(line: Line, call: VoiceCall, verb: Element, script: number): Promise<boolean> {
  const { attributes } = verb;
  pickUp(line, call);
  for (const child of verb.children)
    if (child.name === 'Say') show(line.account, call, 'business', child.text);
  const [kinds, wanted] = [attributes['input'] ?? 'dtmf', Number(attributes['numDigits'] ?? 0)];
  let digits = '';
  let speech = '';
  for (;;) {
    const got = await input(call, Number(attributes['timeout'] ?? 5));
    if (call.script !== script || isOver(call)) return true;
    if (got === null || 'hungUp' in got) break;
    if ('speech' in got) {
      if (!kinds.includes('speech')) continue;
      speech = got.speech;
      break;
    }
    if (!kinds.includes('dtmf')) continue;
    digits += got.digits;
    if (digits.includes('#') || (wanted > 0 && digits.length >= wanted)) break;
  }
  digits = digits.replace(/#.*$/, '');
  if (wanted > 0) digits = digits.slice(0, wanted);
  if (digits === '' && speech === '' && attributes['actionOnEmptyResult'] !== 'true') return false;
  await runUrl(line, call, attributes['action'] ?? '', [
    ['Digits', digits],
    ...(speech === '' ? [] : [['SpeechResult', speech] as const, ['Confidence', '0.93'] as const]),
  ]);
  return true;
}

async function record(line: Line, call: VoiceCall, verb: Element, script: number): Promise<boolean> {
  const { attributes } = verb;
  pickUp(line, call);
  show(line.account, call, 'business', '', 'Beep: what is said now is recorded');
  const longest = Number(attributes['maxLength'] ?? 3600);
  let spoken = 0;
  let ended = '';
  while (ended === '') {
    const got = await input(call, Math.min(longest, 5));
    if (call.script !== script) return true;
    if (got === null) break;
    if ('speech' in got) spoken += Math.max(1, Math.round(got.speech.length / 12));
    else ended = 'hungUp' in got ? 'hangup' : got.digits.slice(-1);
  }
  if (spoken === 0) return isOver(call);
  const sid = store(line);
  const fields: FormField[] = [
    ['RecordingUrl', recordingUrl(line, sid)],
    ['RecordingSid', sid],
    ['RecordingDuration', String(Math.min(spoken, longest))],
    ['Digits', ended],
  ];
  if (!isOver(call)) await runUrl(line, call, attributes['action'] ?? '', fields);
  else
    await fetchTwiml(line.account, line.deliver, attributes['action'] ?? '', [
      ...fieldsOf(line.account, call),
      ...fields,
    ]);
  return true;
}

/** A silent frame: enough for whoever looks at the bytes. */
const MP3 = Uint8Array.from([0xff, 0xfb, 0x90, 0x64, ...Array.from({ length: 413 }, () => 0)]);

function store({ account }: Line): string {
  const sid = newSid('RE');
  account.media.set(sid, { bytes: MP3, mimeType: 'audio/mpeg', ticket: '' });
  return sid;
}
function recordingUrl({ baseUrl, account }: Line, sid: string): string {
  return `${baseUrl}/2010-04-01/Accounts/${account.sid}/Recordings/${sid}`;
}

/** Rings everybody named; the first to answer talks, the others stop. */
async function dial(line: Line, call: VoiceCall, verb: Element, script: number): Promise<boolean> {
  const { attributes } = verb;
  const { account } = line;
  if (attributes['answerOnBridge'] !== 'true') pickUp(line, call);
  const targets = dialTargets(call, verb, attributes['callerId']);
  const children = targets.map(({ element, ...child }) => ({ element, call: newCall(child) }));
  call.dialled = children.map((child) => child.call);
  for (const child of call.dialled) account.calls.set(child.sid, child);
  for (const child of call.dialled) tell(account, child);
  for (const child of call.dialled) become(account, child, 'ringing');
  for (const child of call.dialled) show(account, child, 'business', '', 'Rings: pick up or decline');
  const answered = await firstAnswer(call, Number(attributes['timeout'] ?? 30), script);
  for (const child of call.dialled) {
    if (child === answered || isOver(child)) continue;
    become(account, child, answered === null && !isOver(call) ? 'no-answer' : 'canceled');
  }
  if (call.script !== script || isOver(call)) return true;
  if (answered !== null) {
    const whisper = children.find((child) => child.call === answered)?.element.attributes['url'];
    if (whisper) await runWhisper(line, answered, whisper);
    pickUp(line, call);
    show(account, call, 'business', '', `Talks with ${answered.to.replace(/^client:/, '')}`);
    await bridged(call, answered, script);
    if (attributes['record'] !== undefined) recorded(line, call, attributes['recordingStatusCallback'] ?? '');
  }
  if (call.script !== script || isOver(call)) return true;
  const ended = call.dialled.map((child) => child.status);
  const status = answered
    ? 'completed'
    : ended.length > 0 && ended.every((each) => each === 'busy')
      ? 'busy'
      : 'no-answer';
  const fields: FormField[] = [
    ['DialCallStatus', status],
    ...(answered
      ? [
          ['DialCallSid', answered.sid] as const,
          ['DialCallDuration', String(secondsOf(answered))] as const,
          ['DialBridged', 'true'] as const,
        ]
      : [['DialBridged', 'false'] as const]),
  ];
  if (!attributes['action']) return false;
  await runUrl(line, call, attributes['action'], fields);
  return true;
}

/** Resolves by the first to answer; null: nobody in time, all declined, or the call does something else. */
async function firstAnswer(call: VoiceCall, seconds: number, script: number): Promise<VoiceCall | null> {
  const { promise, resolve } = Promise.withResolvers<VoiceCall | null>();
  const timer = setTimeout(() => resolve(null), seconds * 1000);
  timer.unref();
  call.onDialled = (child, what) => {
    if (what === 'answered') resolve(child);
    else if (call.dialled.every(isOver) || isOver(call) || call.script !== script) resolve(null);
  };
  if (call.dialled.length === 0) resolve(null);
  const answered = await promise;
  clearTimeout(timer);
  call.onDialled = null;
  return answered;
}

/** Until one of the two is over, or does something else. */
async function bridged(call: VoiceCall, other: VoiceCall, script: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  call.onDialled = (_, what) => {
    if (what === 'ended') resolve();
  };
  if (isOver(other) || isOver(call) || call.script !== script) resolve();
  await promise;
  call.onDialled = null;
}

async function runWhisper(line: Line, call: VoiceCall, url: string): Promise<void> {
  const xml = await fetchTwiml(line.account, line.deliver, url, fieldsOf(line.account, call));
  for (const verb of xml === null ? [] : readTwiml(xml))
    if (verb.name === 'Say') show(line.account, call, 'business', verb.text);
}

function recorded(line: Line, call: VoiceCall, url: string): void {
  const { account } = line;
  if (url === '' || account.authToken === null) return;
  const sid = store(line);
  account.webhooks.push({
    url,
    authToken: account.authToken,
    fields: [
      ['AccountSid', account.sid],
      ['CallSid', call.sid],
      ['RecordingSid', sid],
      ['RecordingUrl', recordingUrl(line, sid)],
      ['RecordingStatus', 'completed'],
      ['RecordingDuration', String(secondsOf(call))],
      ['RecordingChannels', '2'],
      ['RecordingSource', 'DialVerb'],
    ],
  });
}

/** Ends a call and what hangs on it. */
export function endCall(
  line: Line,
  call: VoiceCall,
  status: 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled',
): void {
  if (isOver(call)) return;
  const { account } = line;
  become(account, call, status);
  call.onInput?.({ hungUp: true });
  call.onDialled?.(call, 'ended');
  for (const child of call.dialled)
    endCall(line, child, child.status === 'in-progress' ? 'completed' : 'canceled');
  const parent = call.parentSid === null ? undefined : account.calls.get(call.parentSid);
  parent?.onDialled?.(call, 'ended');
  if (call.parentSid === null) show(account, call, 'business', '', 'The call is over');
}

/** A side of a call is taken out of what it does, and does something else: what it dialled is over. */
export async function redirectCall(line: Line, call: VoiceCall, xml: string): Promise<void> {
  call.script += 1;
  call.onInput?.({ hungUp: true });
  for (const child of call.dialled)
    endCall(line, child, child.status === 'in-progress' ? 'completed' : 'canceled');
  call.onDialled?.(call, 'ended');
  const parent = call.parentSid === null ? undefined : line.account.calls.get(call.parentSid);
  if (parent) {
    // It talks no longer with who dialled it, whose <Dial> is over.
    parent.dialled = parent.dialled.filter((child) => child !== call);
    parent.onDialled?.(call, 'ended');
  }
  await runXml(line, call, xml);
}
