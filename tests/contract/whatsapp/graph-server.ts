/** A small Graph API for one number: what the tests of connect, probe and send talk to over a real port. */
import type { Json, JsonObject } from '#domain/json.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { metaApp } from '../meta/case-inbox.ts';
import { accessToken, phoneNumberId, wabaId } from './inbox.ts';

export interface GraphServer extends LocalServer {
  /** Calls as `METHOD /path` without version, oldest first. */
  calls: { call: string; query: URLSearchParams; body: string; token: string }[];
  /** Answers by `METHOD /path`; a changed one holds for what follows. */
  answers: Record<string, Json | { status: number; body: Json } | ((query: URLSearchParams) => unknown)>;
}

export const webhookUrl = 'https://teloring.example/webhooks/meta';

export async function serveGraph(): Promise<GraphServer> {
  const calls: GraphServer['calls'] = [];
  const answers: GraphServer['answers'] = {
    'GET /debug_token': {
      data: {
        app_id: metaApp.id,
        type: 'SYSTEM_USER',
        is_valid: true,
        expires_at: 0,
        data_access_expires_at: 0,
        scopes: ['whatsapp_business_management', 'whatsapp_business_messaging', 'public_profile'],
      },
    },
    [`GET /${phoneNumberId}`]: (query) => numberOf(query.get('fields') ?? ''),
    [`GET /${wabaId}/phone_numbers`]: { data: [{ id: '1' }, { id: phoneNumberId }] },
    [`POST /${wabaId}/subscribed_apps`]: { success: true },
    [`DELETE /${wabaId}/subscribed_apps`]: { success: true },
    [`GET /${wabaId}/subscribed_apps`]: {
      data: [{ whatsapp_business_api_data: { id: metaApp.id, name: 'Teloring' } }],
    },
    [`GET /${metaApp.id}/subscriptions`]: {
      data: [
        {
          object: 'whatsapp_business_account',
          callback_url: webhookUrl,
          active: true,
          fields: [
            'messages',
            'user_id_update',
            'smb_message_echoes',
            'account_update',
            'phone_number_quality_update',
            'phone_number_name_update',
            'message_template_status_update',
          ].map((name) => ({ name, version: 'v26.0' })),
        },
      ],
    },
  };
  const server = await serveHttp(({ method, path, headers, body }, response) => {
    const url = new URL(path, 'http://graph');
    const call = `${method} ${url.pathname.replace(/^\/v\d+\.\d+/, '')}`;
    const token = (headers.authorization ?? '').replace('Bearer ', '');
    calls.push({ call, query: url.searchParams, body: body.toString(), token });
    const found = answers[call];
    const plain = typeof found === 'function' ? found(url.searchParams) : found;
    const asked: { status: number; body: unknown } =
      plain === undefined
        ? { status: 400, body: { error: { message: `Unsupported request ${call}`, code: 100 } } }
        : isRefusal(plain)
          ? plain
          : { status: 200, body: plain };
    response.writeHead(asked.status, { 'content-type': 'application/json' }).end(JSON.stringify(asked.body));
  });
  return { ...server, calls, answers };
}

function isRefusal(value: unknown): value is { status: number; body: unknown } {
  return value !== null && typeof value === 'object' && 'status' in value && 'body' in value;
}

/** As Meta: an unknown field fails the whole call. */
function numberOf(fields: string): JsonObject | { status: number; body: JsonObject } {
  const known: JsonObject = {
    id: phoneNumberId,
    display_phone_number: '+1 555-078-3881',
    verified_name: 'Lucky Shrub',
    quality_rating: 'GREEN',
    code_verification_status: 'EXPIRED',
    platform_type: 'CLOUD_API',
    status: 'CONNECTED',
    name_status: 'APPROVED',
    account_mode: 'LIVE',
    health_status: { can_send_message: 'AVAILABLE', entities: [] },
  };
  const asked = fields.split(',');
  const odd = asked.find((field) => !Object.hasOwn(known, field));
  if (odd !== undefined)
    return {
      status: 400,
      body: { error: { message: `(#100) Tried accessing nonexisting field (${odd})`, code: 100 } },
    };
  return { id: phoneNumberId, ...Object.fromEntries(asked.map((field) => [field, known[field] ?? null])) };
}

/** Refuses as Meta does for a token that has ended. */
export const expired = {
  status: 401,
  body: {
    error: {
      message: `Error validating access token ${accessToken}: the session has expired.`,
      type: 'OAuthException',
      code: 190,
      error_subcode: 463,
    },
  },
};
