/** Twilio's REST API of calls and applications, and the agents' phones, which the browser SDK would be. */
import type { Json } from '#domain/json.ts';
import { newSid, numberOf, type TwilioAccount } from '../../sms/sandbox/account.ts';
import { answer, notFound, Refusal } from '../../sms/sandbox/answers.ts';
import type { ApiCall, ApiDeps } from '../../sms/sandbox/api.ts';
import { become, isOver, newCall, secondsOf, type VoiceCall } from './calls.ts';
import { endCall, redirectCall, runUrl, type Line } from './script.ts';
import { readTwiml } from './xml.ts';

export interface Application {
  sid: string;
  name: string;
  voiceUrl: string;
  statusCallback: string;
}

/** Null: not one of these. @throws Refusal */
export function callVoiceApi(
  deps: ApiDeps,
  line: Line,
  { method, path, query, form }: ApiCall,
): Response | null {
  const { account } = line;
  if (path === '/Applications.json') {
    if (method === 'POST') return answer(applicationJson(saveApplication(deps, account, null, form)), 201);
    const name = query.get('FriendlyName');
    const found = [...account.applications.values()].filter((each) => name === null || each.name === name);
    return answer({ applications: found.map(applicationJson) });
  }
  const applicationSid = /^\/Applications\/(AP\w+)\.json$/.exec(path)?.[1];
  if (applicationSid !== undefined) {
    const application = account.applications.get(applicationSid);
    if (!application) throw notFound(path);
    if (method === 'DELETE') {
      account.applications.delete(applicationSid);
      return new Response(null, { status: 204 });
    }
    return answer(
      applicationJson(method === 'POST' ? saveApplication(deps, account, application, form) : application),
    );
  }
  const callSid = /^\/Calls\/(CA\w+)\.json$/.exec(path)?.[1];
  if (callSid === undefined) return null;
  const call = account.calls.get(callSid);
  if (!call) throw notFound(path);
  if (method === 'POST') updateCall(line, call, form);
  return answer(callJson(account, call));
}

/** Only what the form names changes, as at Twilio. @throws Refusal */
function saveApplication(
  { publicUrl }: ApiDeps,
  account: TwilioAccount,
  known: Application | null,
  form: URLSearchParams,
): Application {
  for (const name of ['VoiceUrl', 'StatusCallback']) {
    const url = form.get(name) ?? '';
    if (url !== '' && !url.startsWith(`${publicUrl}/`))
      throw new Refusal(400, 21502, `${name} is not valid.`);
  }
  const application = known ?? { sid: newSid('AP'), name: '', voiceUrl: '', statusCallback: '' };
  application.name = form.get('FriendlyName') ?? application.name;
  application.voiceUrl = form.get('VoiceUrl') ?? application.voiceUrl;
  application.statusCallback = form.get('StatusCallback') ?? application.statusCallback;
  account.applications.set(application.sid, application);
  return application;
}
function applicationJson({ sid, name, voiceUrl, statusCallback }: Application): Json {
  return {
    sid,
    friendly_name: name,
    voice_url: voiceUrl,
    voice_method: 'POST',
    status_callback: statusCallback,
    status_callback_method: 'POST',
    api_version: '2010-04-01',
  };
}

/** @throws Refusal */
function updateCall(line: Line, call: VoiceCall, form: URLSearchParams): void {
  const { account } = line;
  if (isOver(call)) throw new Refusal(400, 21220, 'Call is not in-progress. Cannot redirect.');
  const status = form.get('Status');
  if (status === 'completed' || status === 'canceled') {
    note(line, call, form);
    endCall(line, call, 'completed');
    return;
  }
  const xml = form.get('Twiml');
  if (xml === null) throw new Refusal(400, 21218, 'Invalid ApplicationSid');
  if (call.status !== 'in-progress')
    throw new Refusal(400, 21220, 'Call is not in-progress. Cannot redirect.');
  if (xml.length > 4000) throw new Refusal(400, 21223, 'Twiml must be 4000 characters or less');
  try {
    readTwiml(xml);
  } catch (error) {
    throw new Refusal(400, 12100, error instanceof Error ? error.message : 'Document parse failure');
  }
  note(line, call, form);
  void redirectCall(line, call, xml).catch(() => become(account, call, 'failed'));
}

function note({ account }: Line, call: VoiceCall, form: URLSearchParams): void {
  account.ledger.push({
    number: call.number.number,
    entry: {
      atMs: Date.now(),
      providerMessageId: call.sid,
      to: call.from,
      request: Object.fromEntries(form),
    },
  });
}

function callJson(account: TwilioAccount, call: VoiceCall): Json {
  return {
    sid: call.sid,
    account_sid: account.sid,
    parent_call_sid: call.parentSid,
    from: call.from,
    to: call.to,
    status: call.status,
    direction: call.direction,
    duration: isOver(call) ? String(secondsOf(call)) : null,
    api_version: '2010-04-01',
  };
}

/**
 * An agent's phone: what Twilio's SDK does in a browser. It answers, declines or ends what rings or talks there, or calls out.
 * @throws Refusal
 */
export function clientAct(line: Line, identity: string, form: URLSearchParams): Json {
  const { account } = line;
  const to = `client:${identity}`;
  const mine = [...account.calls.values()].filter(
    (call) => !isOver(call) && (call.to === to || call.from === to),
  );
  const ours = mine.find(
    (call) => form.get('callId') === null || call.parameters['callId'] === form.get('callId'),
  );
  switch (form.get('do')) {
    case 'answer': {
      if (ours?.status !== 'ringing' || ours.to !== to) throw new Refusal(404, 20404, 'No call rings there.');
      const parent = account.calls.get(ours.parentSid ?? '');
      // Another phone of the same agent, or of another one, was quicker.
      if (!parent || parent.dialled.some((other) => other.status === 'in-progress'))
        throw new Refusal(409, 31402, 'It was answered elsewhere.');
      become(account, ours, 'in-progress');
      parent.onDialled?.(ours, 'answered');
      return { sid: ours.sid };
    }
    case 'decline':
    case 'hang_up':
      if (!ours) throw new Refusal(404, 20404, 'There is no call there.');
      endCall(line, ours, ours.status === 'ringing' && ours.to === to ? 'busy' : 'completed');
      return { sid: ours.sid };
    case 'dial': {
      const application = account.applications.get(form.get('applicationSid') ?? '');
      const number = numberOf(account, form.get('number') ?? '');
      if (!application || !number) throw new Refusal(400, 21218, 'Invalid ApplicationSid');
      const call = newCall({
        number,
        from: to,
        to: '',
        direction: 'inbound',
        parameters: { callId: form.get('callId') ?? '' },
        callback: { url: application.statusCallback, events: ['completed'] },
      });
      account.calls.set(call.sid, call);
      const given = [...form].filter(([name]) => !['do', 'applicationSid', 'number'].includes(name));
      void runUrl(line, call, application.voiceUrl, given);
      return { sid: call.sid };
    }
    default:
      throw new Refusal(400, 20001, 'A phone can answer, decline, hang_up or dial.');
  }
}
