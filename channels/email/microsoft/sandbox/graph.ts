/** graph.microsoft.com: who calls, for which mailbox, and which of its calls this is. */
import { neverAnswered } from '../../../sandbox-courier.ts';
import type { SandboxFault } from '../../../sandbox-contract.ts';
import { Refusal, tokenRefused } from './answers.ts';
import { addAttachment, createUpload, listAttachments, putPiece } from './attachments.ts';
import { delta } from './delta.ts';
import {
  answerItem,
  createDraft,
  createReply,
  deleteItem,
  itemOf,
  jsonBody,
  listFolder,
  listMessages,
  patchDraft,
  readValue,
  sendDraft,
  type Call,
} from './messages.ts';
import {
  createSubscription,
  deleteSubscription,
  readSubscription,
  reauthorizeSubscription,
  renewSubscription,
} from './subscriptions.ts';
import { mailboxOf, type Mailbox, type World } from './world.ts';

const MOST_AT_ONCE = 4;

/** @param path below the version */
export async function callGraph(world: World, request: Request, path: string): Promise<Response> {
  const [, uploadKey] = /^\/uploads\/([^/]+)$/.exec(path) ?? [];
  if (uploadKey !== undefined) return putPiece(world, request, uploadKey);
  const mailbox = authorized(world, request);
  mailbox.log.push(`${request.method} ${path}`);
  if (mailbox.calls >= MOST_AT_ONCE)
    throw new Refusal(429, 'ApplicationThrottled', 'Application is over its MailboxConcurrency limit.', {
      'retry-after': '1',
    });
  mailbox.calls += 1;
  try {
    return await answer(world, mailbox, request, path);
  } finally {
    mailbox.calls -= 1;
  }
}

function authorized(world: World, request: Request): Mailbox {
  const [, token = ''] = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? [];
  const grant = world.accessTokens.get(token);
  if (!grant) throw tokenRefused();
  const mailbox = mailboxOf(world, grant.address);
  if (mailbox.faults.take(['token_expired'])) {
    world.accessTokens.delete(token);
    throw tokenRefused();
  }
  if (grant.expiresAtMs < Date.now()) throw tokenRefused();
  return mailbox;
}

async function answer(world: World, mailbox: Mailbox, request: Request, path: string): Promise<Response> {
  const { method } = request;
  const [, id, action] = /^\/subscriptions(?:\/([\w-]+))?(\/reauthorize)?$/.exec(path) ?? [];
  if (path === '/subscriptions' && method === 'POST')
    return createSubscription(world, mailbox, await jsonBody(request));
  if (id !== undefined) {
    if (action !== undefined && method === 'POST') return reauthorizeSubscription(world, mailbox, id);
    if (method === 'GET') return readSubscription(world, mailbox, id);
    if (method === 'PATCH') return renewSubscription(world, mailbox, id, await jsonBody(request));
    if (method === 'DELETE') return deleteSubscription(world, mailbox, id);
  }
  const [, owner = '', rest = ''] = /^(\/me|\/users\/[^/]+)(\/.*)?$/.exec(path) ?? [];
  const own = owner === '/me' || decodeURIComponent(owner.slice(7)).toLowerCase() === mailbox.address;
  if (owner !== '' && !own)
    throw new Refusal(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.');
  if (owner !== '' && rest === '' && method === 'GET')
    return Response.json({
      id: mailbox.userId,
      mail: mailbox.address,
      userPrincipalName: mailbox.address,
      displayName: 'Sandbox Support',
    });
  if (mailbox.faults.take(['mailbox_disabled']))
    throw new Refusal(
      404,
      'MailboxNotEnabledForRESTAPI',
      'The mailbox is either inactive, soft-deleted, or is hosted on-premise.',
    );
  const query = new URL(request.url).searchParams;
  const immutable = /IdType="ImmutableId"/.test(request.headers.get('prefer') ?? '');
  return ofMailbox({ world, mailbox, owner, request, query, immutable }, rest);
}

async function ofMailbox(call: Call, rest: string): Promise<Response> {
  const { request } = call;
  const [, folder] = /^\/mailFolders\('([a-z]+)'\)\/messages\/delta$/i.exec(rest) ?? [];
  if (folder !== undefined) return delta(call, folder);
  if (/^\/mailFolders\('inbox'\)$/i.test(rest)) return Response.json({ id: 'inbox', displayName: 'Inbox' });
  const [, listed] = /^\/mailFolders\('([a-z]+)'\)\/messages$/i.exec(rest) ?? [];
  if (listed !== undefined && request.method === 'GET') return listFolder(call, listed);
  if (rest === '/messages') {
    if (request.method === 'GET') return listMessages(call);
    refuseBy(call);
    return createDraft(call);
  }
  const [, id, action = ''] = /^\/messages\/([^/]+)(\/.+)?$/.exec(rest) ?? [];
  const method = id === undefined ? undefined : methods[`${request.method} ${action}`];
  if (id === undefined || !method)
    throw new Refusal(400, 'BadRequest', 'Resource not found for the segment.');
  return method(call, decodeURIComponent(id));
}

const methods: Readonly<Record<string, (call: Call, id: string) => Response | Promise<Response>>> = {
  'GET ': (call, id) => answerItem(call, itemOf(call, id)),
  'GET /$value': readValue,
  'PATCH ': patchDraft,
  'DELETE ': deleteItem,
  'POST /createReply': (call, id) => {
    refuseBy(call);
    return createReply(call, id);
  },
  'GET /attachments': listAttachments,
  'POST /attachments': addAttachment,
  'POST /attachments/createUploadSession': createUpload,
  'POST /send': async (call, id) => {
    const { faults } = call.mailbox;
    if (faults.take(['send_as_denied']))
      throw new Refusal(
        403,
        'ErrorSendAsDenied',
        'The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.',
      );
    const answered = sendDraft(call, id);
    if (faults.take(['no_answer'])) await neverAnswered();
    return answered;
  },
};

const REFUSALS = ['rate_limited', 'server_error'] as const satisfies SandboxFault['kind'][];

/** Where a message begins to be sent. */
function refuseBy({ mailbox }: Call): void {
  const fault = mailbox.faults.take(REFUSALS);
  if (!fault) return;
  const headers: Record<string, string> =
    fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  if (fault.kind === 'rate_limited')
    throw new Refusal(429, 'ApplicationThrottled', 'Application is over its request limit.', headers);
  throw new Refusal(
    503,
    'ErrorServerBusy',
    'The server cannot service this request right now. Try again later.',
    headers,
  );
}
