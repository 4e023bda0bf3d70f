/**
 * A double of TikTok's Business Messaging API, spoken over HTTP: `/api/…` is business-api.tiktok.com, `/auth/…` www.tiktok.com. An
 * account comes to be with the first call that names it; any token serves until it is replaced or withdrawn.
 */
import type { Json, JsonObject } from '#domain/json.ts';
import type { MediaBytes } from '../contract.ts';
import { neverAnswered, textOf } from '../sandbox-courier.ts';
import type { ProviderSandbox, SandboxDeps, SandboxFault } from '../sandbox-contract.ts';
import { accountOf, newWorld, recall, type World } from './sandbox/account.ts';
import { Refusal, refused, tokenRefused } from './sandbox/answers.ts';
import { dialog } from './sandbox/dialog.ts';
import { appMethods, methods, SEND } from './sandbox/methods.ts';
import { createTikTokPhone } from './sandbox/phone.ts';
import { windowClosed } from './sandbox/sends.ts';

export function createTikTokSandbox(deps: SandboxDeps): ProviderSandbox {
  const world = newWorld(deps);
  return {
    name: 'tiktok',
    types: ['tiktok'],
    async handle(request, path) {
      try {
        if (path === '/auth/v2/auth/authorize') return dialog(world, new URL(request.url));
        const [, folder, id = ''] = /^\/api\/(media|sticker)\/([^/]+)$/.exec(path) ?? [];
        if (folder) return file(world, request, id, folder === 'media');
        return await call(world, request, path.replace(/^\/api\/open_api\/v1\.3/, ''));
      } catch (error) {
        if (error instanceof Refusal) return refused(error);
        throw error;
      }
    },
    async phone(inbox) {
      await recall(world);
      // The inbox is connected, so the app's webhook is ours, whatever an earlier process forgot.
      world.callbackUrl ??= `${deps.publicUrl}/webhooks/tiktok`;
      return createTikTokPhone(world, accountOf(world, textOf(inbox.credentials['businessId'])));
    },
  };
}

async function call(world: World, request: Request, path: string): Promise<Response> {
  const route = `${request.method} ${path}`;
  const { fields, upload } = await fieldsOf(request);
  const ofApp = Object.hasOwn(appMethods, route) ? appMethods[route] : undefined;
  if (ofApp) return await ofApp(world, fields);
  const method = Object.hasOwn(methods, route) ? methods[route] : undefined;
  if (!method) return new Response('404 page not found', { status: 404 });
  await recall(world);
  const token = request.headers.get('access-token') ?? '';
  const businessId = fields['business_id'];
  if (token === '' || world.ended.has(token)) throw tokenRefused();
  if (typeof businessId !== 'string' || businessId === '')
    throw new Refusal(40_002, 'business_id is required.');
  const account = accountOf(world, businessId);
  const isSend = route === SEND && fields['message_type'] !== 'SENDER_ACTION';
  const fault = account.faults.take(isSend ? [...EVERYWHERE, ...SENDING] : EVERYWHERE);
  if (fault) refuseBy(fault);
  const answer = await method({ world, account, request, fields, file: upload });
  if (fault?.kind === 'no_answer') await neverAnswered();
  return answer;
}

const EVERYWHERE = ['token_expired', 'permission_revoked'] as const satisfies SandboxFault['kind'][];
const SENDING = [
  'rate_limited',
  'server_error',
  'no_answer',
  'window_closed',
  'contact_unreachable',
] as const satisfies SandboxFault['kind'][];

function refuseBy({ kind, retryAfterSeconds }: SandboxFault): void {
  switch (kind) {
    case 'rate_limited':
      throw new Refusal(
        40_100,
        'Requests made too frequently.',
        retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
      );
    case 'server_error':
      throw new Refusal(51_065, 'System error. Retry the call.');
    case 'token_expired':
      throw tokenRefused();
    case 'permission_revoked':
      throw new Refusal(40_001, 'No permission to operate on this account.');
    case 'window_closed':
      throw windowClosed();
    case 'contact_unreachable':
      throw new Refusal(40_007, 'The conversation does not exist.');
    case 'no_answer':
  }
}

async function fieldsOf(request: Request): Promise<{ fields: JsonObject; upload: File | null }> {
  if (request.method === 'GET')
    return { fields: Object.fromEntries(new URL(request.url).searchParams), upload: null };
  if (request.headers.get('content-type')?.startsWith('multipart/form-data')) {
    const form = await request.formData();
    const texts = [...form].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    const upload = form.get('file');
    return { fields: Object.fromEntries(texts), upload: upload instanceof File ? upload : null };
  }
  const json = (await request.json().catch(() => null)) as Json;
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new Refusal(40_002, 'The request body is not a JSON object.');
  return { fields: json, upload: null };
}

/** What people sent is given out to the account alone; stickers, and the phone's own pictures, to anybody. */
function file(world: World, request: Request, id: string, isPrivate: boolean): Response {
  const user = request.headers.get('x-user') ?? '';
  if (isPrivate && (user === '' || world.ended.has(user))) return new Response('Forbidden', { status: 403 });
  const found: MediaBytes | undefined = world.files.get(id);
  if (!found) return new Response('Not found', { status: 404 });
  return new Response(Uint8Array.from(found.bytes), { headers: { 'content-type': found.mimeType } });
}
