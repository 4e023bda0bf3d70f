/**
 * A double of Twilio: `/2010-04-01/Accounts/<sid>…` and the messaging services' `/v1`. An account comes to be with the first call that
 * names one, and keeps the auth token of that call.
 */
import type { Json } from '#domain/json.ts';
import type { AdapterInbox } from '../contract.ts';
import { callbackUrl } from '../voice/inbox.ts';
import { callVoiceApi, clientAct } from '../voice/sandbox/api.ts';
import { createVoicePhone } from '../voice/sandbox/phone.ts';
import type { Line } from '../voice/sandbox/script.ts';
import type { ProviderSandbox, SandboxDeps, SandboxFault } from '../sandbox-contract.ts';
import { createAccount, numberOf, type TwilioAccount, type TwilioNumber } from './sandbox/account.ts';
import { answer, notFound, Refusal, refused } from './sandbox/answers.ts';
import { callApi, fetchStored } from './sandbox/api.ts';
import { createSmsPhone } from './sandbox/phone.ts';
import { createWebhooks } from './sandbox/webhooks.ts';

export function createTwilioSandbox(deps: SandboxDeps): ProviderSandbox {
  const accounts = new Map<string, Promise<TwilioAccount>>();
  const baseUrl = `${deps.sandboxUrl}/twilio`;
  const accountOf = (sid: string): Promise<TwilioAccount> => {
    const known = accounts.get(sid);
    if (known) return known;
    const made = recall(deps, sid);
    accounts.set(sid, made);
    // A failed recall is no knowledge.
    void made.catch(() => accounts.delete(sid));
    return made;
  };
  const lineOf = (account: TwilioAccount): Line => ({
    account,
    baseUrl,
    deliver: (url, request) => deps.deliver(url, request),
  });
  const handle = async (request: Request, path: string): Promise<Response> => {
    const [, cdnSid = '', mediaSid = '', ticket = ''] = /^\/cdn\/(AC\w+)\/(ME\w+)\/(\w+)$/.exec(path) ?? [];
    if (cdnSid !== '') return fetchStored(await accountOf(cdnSid), mediaSid, ticket, request);
    if (path === '/v1/Services') return answer({ services: [] });
    const [, serviceSid] = /^\/v1\/Services\/(MG\w+)$/.exec(path) ?? [];
    if (serviceSid)
      return answer({ sid: serviceSid, friendly_name: 'Sandbox', use_inbound_webhook_on_number: true });
    const [, clientSid, identity = ''] = /^\/clients\/(AC\w+)\/(\w+)$/.exec(path) ?? [];
    if (clientSid !== undefined && request.method === 'POST') {
      const account = await accountOf(clientSid);
      authenticate(account, request.headers.get('authorization') ?? '');
      return answer(clientAct(lineOf(account), identity, new URLSearchParams(await request.text())));
    }
    const [, sid, rest] =
      /^\/2010-04-01\/Accounts\/(AC\w+?)((?:\/.*)?\.json|\/Messages\/.+|\/Recordings\/.+)$/.exec(path) ?? [];
    if (sid === undefined || rest === undefined) throw notFound(path);
    const account = await accountOf(sid);
    const isSend = request.method === 'POST' && (rest === '/Messages.json' || rest.startsWith('/Calls/'));
    const fault = takeFault(account, isSend);
    if (fault) refuseBy(fault);
    authenticate(account, request.headers.get('authorization') ?? '');
    const { method } = request;
    const form = new URLSearchParams(method === 'POST' ? await request.text() : '');
    const query = new URL(request.url).searchParams;
    const call = { method, path: rest, query, form };
    const apiDeps = { publicUrl: deps.publicUrl, baseUrl };
    const answered = callVoiceApi(apiDeps, lineOf(account), call) ?? callApi(apiDeps, account, call);
    if (fault?.kind === 'no_answer') await silence(request.signal);
    return answered;
  };
  return {
    name: 'twilio',
    types: ['sms', 'voice'],
    async handle(request, path) {
      try {
        return await handle(request, path.replace(/\?.*$/s, ''));
      } catch (error) {
        if (error instanceof Refusal) return refused(error);
        throw error;
      }
    },
    async phone(inbox) {
      const account = await accountOf(textOf(inbox.credentials['accountSid']));
      account.authToken ??= textOf(inbox.credentials['authToken']);
      const number = numberFor(account, inbox);
      return inbox.type === 'voice'
        ? createVoicePhone(lineOf(account), number)
        : createSmsPhone(account, number, baseUrl);
    },
  };
}

/** What Twilio would still know after a restart of ours: the token, and the addresses that `connect` gave its numbers. */
async function recall(deps: SandboxDeps, sid: string): Promise<TwilioAccount> {
  const account = createAccount(
    sid,
    null,
    createWebhooks((url, request) => deps.deliver(url, request)),
  );
  const inboxes = await deps.inboxes(['sms', 'voice']);
  for (const inbox of inboxes.filter(({ credentials }) => credentials['accountSid'] === sid)) {
    account.authToken = textOf(inbox.credentials['authToken']);
    const number = numberFor(account, inbox);
    const webhookUrl = `${deps.publicUrl}/webhooks/twilio/${inbox.id}`;
    if (inbox.type === 'voice') {
      recallVoice(account, number, inbox, webhookUrl);
      continue;
    }
    number.smsUrl = `${deps.publicUrl}/webhooks/twilio/${inbox.id}/sms`;
    number.smsFallbackUrl = number.smsUrl;
  }
  return account;
}

function recallVoice(
  account: TwilioAccount,
  number: TwilioNumber,
  inbox: AdapterInbox,
  webhookUrl: string,
): void {
  number.voiceUrl = callbackUrl(webhookUrl, 'voice');
  number.voiceFallbackUrl = number.voiceUrl;
  number.statusCallback = callbackUrl(webhookUrl, 'status');
  const sid = textOf(inbox.credentials['applicationSid']);
  if (sid === '') return;
  const name = `Teloring ${inbox.id}`;
  account.applications.set(sid, {
    sid,
    name,
    voiceUrl: callbackUrl(webhookUrl, 'app'),
    statusCallback: number.statusCallback,
  });
}

/** @throws Error */
function numberFor(account: TwilioAccount, inbox: AdapterInbox): TwilioNumber {
  const { numberSid } = inbox.credentials;
  const phoneNumber = textOf(inbox.credentials['phoneNumber']);
  const number = numberOf(account, phoneNumber);
  if (!number) throw new Error(`The sandbox's Twilio has no number ${phoneNumber}.`);
  if (typeof numberSid === 'string') number.sid = numberSid;
  return number;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** @throws Refusal */
function authenticate(account: TwilioAccount, header: string): void {
  const [user = '', password = ''] = Buffer.from(header.replace(/^Basic /i, ''), 'base64')
    .toString()
    .split(/:(.*)/s);
  const isKey = user.startsWith('SK') && password !== '';
  if (user === account.sid && password !== '') account.authToken ??= password;
  if (!isKey && (user !== account.sid || password !== account.authToken))
    throw new Refusal(401, 20003, 'Authenticate');
}

/** Faults meet sends; those of the token meet every call. */
function takeFault(account: TwilioAccount, isSend: boolean): SandboxFault | undefined {
  const fault = account.faults.find(({ kind, left }) => left > 0 && (isSend || kind === 'token_expired'));
  if (fault) fault.left -= 1;
  return fault;
}

/** @throws Refusal; `no_answer` is left to the caller */
function refuseBy({ kind, retryAfterSeconds }: SandboxFault): void {
  switch (kind) {
    case 'rate_limited':
      throw new Refusal(429, 20429, 'Too Many Requests', retryAfterSeconds ?? 1);
    case 'server_error':
      throw new Refusal(500, 20500, 'Internal Server Error');
    case 'token_expired':
      throw new Refusal(401, 20003, 'Authenticate');
    case 'permission_revoked':
      throw new Refusal(403, 20403, 'Forbidden');
    case 'contact_unreachable':
      throw new Refusal(400, 21610, 'Attempt to send to unsubscribed recipient');
    case 'window_closed':
    case 'no_answer':
  }
}

/** It was done, and nobody hears of it. */
async function silence(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 60_000);
  timer.unref();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
