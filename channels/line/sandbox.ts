/**
 * A double of LINE's Messaging API, spoken over HTTP: `/api/…` is api.line.me, `/data/…` api-data.line.me, `/stickers/…` the sticker
 * shop, `/phone/<message>` what a person sent. A channel comes to be with the first call that carries its token.
 */
import type { Json, JsonObject } from '#domain/json.ts';
import { neverAnswered, textOf } from '../sandbox-courier.ts';
import type { ProviderSandbox, SandboxDeps } from '../sandbox-contract.ts';
import { createAccounts, introduce, type Account } from './sandbox/account.ts';
import { bytesOf, Refusal, refused, STICKER } from './sandbox/answers.ts';
import { methods, SENDS } from './sandbox/methods.ts';
import { createLinePhone } from './sandbox/phone.ts';

export function createLineSandbox(deps: SandboxDeps): ProviderSandbox {
  const accounts = createAccounts(deps);
  return {
    name: 'line',
    types: ['line'],
    async handle(request, path) {
      try {
        if (path.startsWith('/stickers/')) return bytesOf({ bytes: STICKER, mimeType: 'image/png' });
        if (path.startsWith('/phone/')) return fileOf(accounts.known(), path.slice('/phone/'.length));
        const token = /^Bearer (\S{16,})$/.exec(request.headers.get('authorization') ?? '')?.[1];
        if (token === undefined) throw unauthorized();
        return await call(deps, await accounts(token), request, path);
      } catch (error) {
        if (error instanceof Refusal) return refused(error);
        throw error;
      }
    },
    async phone(inbox) {
      const account = await accounts(textOf(inbox.credentials['channelAccessToken']));
      introduce(deps, account, inbox);
      return createLinePhone(account);
    },
  };
}

async function call(deps: SandboxDeps, account: Account, request: Request, path: string): Promise<Response> {
  const route = `${request.method} ${path}`;
  const isSend = SENDS.test(route);
  const fault = account.faults.take([
    'token_expired',
    'permission_revoked',
    ...(isSend ? (['rate_limited', 'server_error', 'no_answer', 'contact_unreachable'] as const) : []),
  ]);
  if (fault) refuseBy(fault.kind, fault.retryAfterSeconds);
  for (const [pattern, method] of methods) {
    const found = pattern.exec(route);
    if (!found) continue;
    const ids = found.slice(1).map(decodeURIComponent);
    const answer = await method({ deps, account, request, body: await bodyOf(request), ids });
    if (fault?.kind === 'no_answer') await neverAnswered();
    return answer;
  }
  throw new Refusal(404, 'Not found');
}

function refuseBy(kind: string, retryAfterSeconds: number | undefined): void {
  const wait: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  const refusals: Record<string, Refusal> = {
    rate_limited: new Refusal(429, 'The API rate limit has been exceeded. Try again later.', {}, wait),
    server_error: new Refusal(500, 'The error occurred on the LINE Platform'),
    token_expired: unauthorized(),
    permission_revoked: new Refusal(403, 'Access to this API is not available for your account'),
    contact_unreachable: new Refusal(400, 'Failed to send messages'),
  };
  const refusal = refusals[kind];
  if (refusal) throw refusal;
}

function unauthorized(): Refusal {
  return new Refusal(
    401,
    'Authentication failed. Confirm that the access token in the authorization header is valid.',
  );
}

async function bodyOf(request: Request): Promise<JsonObject> {
  if (request.method === 'GET') return {};
  const json = (await request.json().catch(() => null)) as Json;
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new Refusal(400, 'The request body could not be parsed as JSON');
  return json;
}

function fileOf(accounts: readonly Account[], messageId: string): Response {
  const file = accounts.map(({ files }) => files.get(messageId)).find((found) => found !== undefined);
  if (!file) throw new Refusal(404, 'Not found');
  return bytesOf(file);
}
