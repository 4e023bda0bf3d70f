/** The customers' side of a number that takes calls. */
import { randomInt } from 'node:crypto';
import type { CallAct, SandboxPhone } from '../../sandbox-contract.ts';
import { isE164 } from '../../sms/number.ts';
import type { SmsChat, TwilioNumber } from '../../sms/sandbox/account.ts';
import { become, isOver, newCall, show, type VoiceCall } from './calls.ts';
import { endCall, runUrl, type Line } from './script.ts';

export function createVoicePhone(line: Line, number: TwilioNumber): SandboxPhone {
  const { account } = line;
  const own = (): SmsChat[] => [...account.chats.values()].filter((chat) => chat.number === number.number);
  return {
    abilities: ['call', 'press', 'speak', 'hang_up', 'pick_up'],
    chats: () =>
      own().map(({ customer, title, blocked, messages }) => ({
        id: customer,
        title,
        kind: 'direct',
        blocked,
        typing: false,
        messages: structuredClone(messages),
      })),
    write() {
      throw new Error('A phone call has no messages: call, speak or press digits.');
    },
    act(act) {
      throw new Error(`A phone call knows no such thing (${act.kind}); nothing was done.`);
    },
    inCall: (act) => actOn(line, number, act),
    ledger: () => account.ledger.filter((each) => each.number === number.number).map(({ entry }) => entry),
    addFault(fault) {
      if (fault.kind === 'window_closed')
        throw new Error('Calls have no window that could close; nothing was done.');
      account.faults.push({ ...fault, left: fault.times ?? Number.POSITIVE_INFINITY });
    },
    clearFaults: () => void (account.faults.length = 0),
    setDelivery: (change) => account.webhooks.setDelivery(change),
    release: () => account.webhooks.release(),
    settled: () => account.webhooks.settled(),
    facts: () => ({
      accountSid: account.sid,
      numberSid: number.sid,
      number: number.number,
      voiceUrl: number.voiceUrl,
      statusCallback: number.statusCallback,
      applications: [...account.applications.values()].map(({ sid, name, voiceUrl }) => ({
        sid,
        name,
        voiceUrl,
      })),
      calls: [...account.calls.values()]
        .filter((call) => call.number === number)
        .map(({ sid, parentSid, from, to, status, direction, parameters }) => ({
          sid,
          parentSid,
          from,
          to,
          status,
          direction,
          parameters,
        })),
    }),
  };
}

/** @throws Error */
function actOn(line: Line, number: TwilioNumber, act: CallAct): void {
  switch (act.kind) {
    case 'call':
      call(line, number, act.chatId, act.personName);
      return;
    case 'press': {
      const current = callOf(line, number, act.chatId);
      show(line.account, current, 'customer', act.text, 'Pressed');
      current.onInput?.({ digits: act.text });
      return;
    }
    case 'speak': {
      const current = callOf(line, number, act.chatId);
      show(line.account, current, 'customer', act.text);
      current.onInput?.({ speech: act.text });
      return;
    }
    case 'hang_up':
      endCall(line, callOf(line, number, act.chatId), 'completed');
      return;
    case 'pick_up': {
      const ringing = callOf(line, number, act.chatId);
      if (ringing.status !== 'ringing' || ringing.parentSid === null)
        throw new Error('Nothing rings there; nothing was done.');
      become(line.account, ringing, 'in-progress');
      line.account.calls.get(ringing.parentSid)?.onDialled?.(ringing, 'answered');
      return;
    }
  }
}

/** @throws Error */
function call(line: Line, number: TwilioNumber, chatId: string, personName = ''): void {
  const { account } = line;
  const from = chatId || `+1555${String(randomInt(1e7)).padStart(7, '0')}`;
  if (!isE164(from) && from !== 'anonymous')
    throw new Error(`A phone is a number with its country code, not ${from}.`);
  if (number.voiceUrl === '') throw new Error('The number has no voice webhook; connect the inbox first.');
  const made: VoiceCall = newCall({
    number,
    from: from === 'anonymous' ? '+266696687' : from,
    to: number.number,
    direction: 'inbound',
    callerName: personName,
    callback: { url: number.statusCallback, events: ['completed'] },
  });
  account.calls.set(made.sid, made);
  show(account, made, 'customer', '', 'Calls');
  void runUrl(line, made, number.voiceUrl, [], number.voiceFallbackUrl);
}

/** The customer's side of the call that goes on. @throws Error */
function callOf({ account }: Line, number: TwilioNumber, chatId: string): VoiceCall {
  const found = [...account.calls.values()].findLast(
    (call) =>
      call.number === number &&
      !isOver(call) &&
      (call.parentSid === null ? call.from === chatId : call.to === chatId),
  );
  if (!found) throw new Error(`${chatId} is in no call with ${number.number}; nothing was done.`);
  return found;
}
