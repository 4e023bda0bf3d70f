/** TikTok's one webhook for all accounts of an app: who signed it, and whose its event is. */
import type { Json, JsonObject } from '#domain/json.ts';
import type { AppWebhook, RawRequest, WebhookSlice } from '../contract.ts';
import { exactJsonOf } from '../json-body.ts';
import { verifyTikTokSignature } from './signature.ts';

export const tikTokWebhook: AppWebhook = {
  name: 'tiktok',
  verify(apps, request) {
    const own = apps.filter(({ provider }) => provider === 'tiktok');
    const verdict = verifyTikTokSignature(
      own.map(({ secret }) => secret),
      request,
    );
    if (verdict.kind !== 'ok') return verdict;
    const app = own[verdict.signer];
    return app
      ? { kind: 'ok', app }
      : { kind: 'reject', status: 401, code: 'signature_wrong', message: 'The signature fits no app.' };
  },
  split,
};

/** A delivery is one event and names its account; a list of them is taken apart in order, should one ever come. */
function split(request: RawRequest): WebhookSlice[] | { kind: 'malformed'; message: string } {
  const json = exactJsonOf(request.body);
  if (isObject(json)) return [{ to: accountOf(json), body: request.body }];
  if (Array.isArray(json))
    return json.map((event) => ({
      to: accountOf(isObject(event) ? event : {}),
      body: new TextEncoder().encode(JSON.stringify(event)),
    }));
  return { kind: 'malformed', message: 'A webhook of TikTok is a JSON object.' };
}

function accountOf(event: JsonObject): WebhookSlice['to'] {
  const { user_openid: id } = event;
  const isId = typeof id === 'string' || typeof id === 'number';
  return { type: 'tiktok', accountKey: isId ? String(id) : '' };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
