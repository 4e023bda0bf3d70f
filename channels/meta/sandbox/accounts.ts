/** What accounts say of themselves, and their subscriptions. Each handler answers null where the path isn't its own. */
import { answer, GraphRefusal, invalidParameter } from './answers.ts';
import { flagOf, listOf, textOf } from './fields.ts';
import { derivedId } from './ids.ts';
import { grantedPages } from './oauth.ts';
import { accountOf, instagramOfPage, wabaOf } from './recall.ts';
import type { Call } from './call.ts';
import { appOfToken, tokenProblem } from './tokens.ts';
import type { Account, World } from './world.ts';

/** Calls with an app's own token: `debug_token` and the app's subscriptions. */
export async function appCall(call: Call): Promise<Response | null> {
  const { world, segments, method, fields } = call;
  const token = textOf(fields.values['access_token']) || call.bearer;
  if (segments[0] === 'debug_token')
    return answer({ data: debugToken(world, textOf(fields.values['input_token'])) });
  if (segments[1] !== 'subscriptions') return null;
  const appId = appOfToken(world, token);
  if (appId !== segments[0])
    throw new GraphRefusal(15, '(#15) This method must be called with an app access_token.');
  if (method === 'GET') {
    const data = ['page', 'instagram', 'whatsapp_business_account'].map((object) => ({
      object,
      callback_url: world.callbackUrl,
      active: true,
      fields: [],
    }));
    return answer({ data });
  }
  const url = textOf(fields.values['callback_url']);
  if (!(await call.webhooks.handshake(url, textOf(fields.values['verify_token']))))
    throw new GraphRefusal(
      2200,
      '(#2200) Callback verification failed with the following errors: HTTP Status Code = 403; HTTP Message = Forbidden',
    );
  world.callbackUrl = url;
  return answer({ success: true });
}

function debugToken(world: World, token: string): object {
  const problem = tokenProblem(token);
  if (problem) {
    const error = {
      code: 190,
      message: problem.message,
      ...(problem.subcode ? { subcode: problem.subcode } : {}),
    };
    return { app_id: world.deps.apps.meta?.id, is_valid: false, error, scopes: [] };
  }
  const soon = Math.floor(world.now() / 1000);
  const pages = grantedPages(token).map(({ id }) => id);
  return {
    app_id: world.deps.apps.meta?.id,
    type: token.includes('user-') ? 'USER' : token.includes('page-') ? 'PAGE' : 'SYSTEM_USER',
    application: 'Teloring Sandbox',
    data_access_expires_at: soon + 90 * 86_400,
    expires_at: 0,
    is_valid: true,
    issued_at: soon - 3600,
    scopes: SCOPES,
    granular_scopes: SCOPES.map((scope) =>
      token.includes('user-') && scope.startsWith('pages_') ? { scope, target_ids: pages } : { scope },
    ),
    user_id: derivedId(17, token, '1'),
  };
}
const SCOPES = [
  'pages_show_list',
  'pages_messaging',
  'pages_manage_metadata',
  'pages_read_engagement',
  'pages_read_user_content',
  'pages_manage_engagement',
  'instagram_basic',
  'instagram_manage_messages',
  'instagram_manage_comments',
  'whatsapp_business_messaging',
  'whatsapp_business_management',
  'business_management',
  'public_profile',
];

/** `GET /me/accounts`: one page of the list at a time, as asked by `limit` and `after`. */
export async function userPages(call: Call): Promise<Response> {
  const { values } = call.fields;
  const pages = grantedPages(call.caller.token);
  const limit = Math.max(1, Number(textOf(values['limit']) || 25));
  const from = Number(Buffer.from(textOf(values['after']), 'base64').toString() || 0);
  const shown = await Promise.all(
    pages.slice(from, from + limit).map(async ({ id, name }) => {
      const page = await accountOf(call.world, 'page', id);
      page.name = name;
      return {
        ...(await pageFacts(call.world, page)),
        access_token: `sandbox-page-${id}`,
        tasks: ['MODERATE', 'MESSAGING', 'MANAGE'],
      };
    }),
  );
  const after = Buffer.from(String(from + limit)).toString('base64');
  const next =
    from + limit < pages.length
      ? { next: `${call.world.deps.sandboxUrl}/meta/graph/me/accounts?after=${after}` }
      : {};
  return answer({
    data: shown,
    paging: { cursors: { before: Buffer.from(String(from)).toString('base64'), after }, ...next },
  });
}

/** `GET /{id}`: all its fields; the caller takes what it asked for. */
export async function factsOf(world: World, account: Account): Promise<object> {
  if (account.kind === 'page') return await pageFacts(world, account);
  if (account.kind === 'instagram')
    return {
      id: account.byInstagramLogin ? derivedId(17, `app-scoped/${account.id}`, '2') : account.id,
      user_id: account.id,
      username: account.name,
      name: account.name,
      account_type: 'BUSINESS',
      followers_count: 42,
    };
  const { number } = account;
  return {
    id: account.id,
    display_phone_number: number.display,
    verified_name: account.name,
    quality_rating: number.quality,
    code_verification_status: number.verified ? 'VERIFIED' : 'NOT_VERIFIED',
    name_status: 'APPROVED',
    status: number.registered ? 'CONNECTED' : 'PENDING',
    platform_type: number.registered ? 'CLOUD_API' : 'NOT_APPLICABLE',
    throughput: { level: 'STANDARD' },
    messaging_limit_tier: 'TIER_1K',
    whatsapp_business_manager_messaging_limit: 'TIER_2K',
    account_mode: 'LIVE',
    is_on_biz_app: false,
    health_status: {
      can_send_message: 'AVAILABLE',
      entities: [{ entity_type: 'PHONE_NUMBER', id: account.id, can_send_message: 'AVAILABLE' }],
    },
    whatsapp_business_account: { id: account.parentId },
  };
}

async function pageFacts(world: World, page: Account): Promise<object> {
  const linked = [...world.accounts.values()].find(
    ({ kind, parentId }) => kind === 'instagram' && parentId === page.id,
  );
  const instagram = linked ?? (await accountOf(world, 'instagram', instagramOfPage(page.id)));
  instagram.parentId ??= page.id;
  return {
    id: page.id,
    name: page.name,
    tasks: ['MODERATE', 'MESSAGING', 'MANAGE'],
    instagram_business_account: { id: instagram.id, username: instagram.name, name: instagram.name },
    link: `https://www.facebook.com/${page.id}`,
  };
}

/** `/{page or Instagram account}/subscribed_apps`: POST REPLACES the whole list. */
export function subscriptions(call: Call, account: Account): Response {
  const app = account.byInstagramLogin ? call.world.deps.apps.instagram : call.world.deps.apps.meta;
  if (call.method === 'GET') {
    const data = account.subscribed
      ? [{ id: app?.id, name: 'Teloring Sandbox', subscribed_fields: account.subscribed }]
      : [];
    return answer({ data });
  }
  if (call.method === 'DELETE') {
    account.subscribed = null;
    return answer({ success: true });
  }
  const given = call.fields.values['subscribed_fields'];
  const fields = Array.isArray(given) ? listOf(given).map(textOf) : textOf(given).split(',');
  const wanted = fields.map((field) => field.trim()).filter(Boolean);
  if (wanted.length === 0) throw invalidParameter('The parameter subscribed_fields is required.');
  const unknown = wanted.find((field) => !/^[a-z_]+$/.test(field));
  if (unknown !== undefined)
    throw invalidParameter(`Param subscribed_fields[0] must be one of {…} - got "${unknown}".`);
  account.subscribed = [...new Set(wanted)];
  return answer({ success: true });
}

/** `/{waba}/…`: numbers, templates, the app's subscription with an optional address of its own. */
export async function wabaCall(call: Call, id: string): Promise<Response | null> {
  const edge = call.segments[1];
  const waba = await wabaOf(call.world, id);
  const numbers = [...call.world.accounts.values()].filter(
    ({ kind, parentId }) => kind === 'number' && parentId === id,
  );
  if (edge === 'phone_numbers' && call.method === 'GET')
    return answer({
      data: await Promise.all(numbers.map((number) => factsOf(call.world, number))),
      paging: {},
    });
  if (edge === 'message_templates')
    return answer({ data: TEMPLATES, paging: { cursors: { before: 'MAZDZD', after: 'MjQZD' } } });
  if (edge !== 'subscribed_apps') return null;
  if (call.method === 'GET') {
    const app = {
      whatsapp_business_api_data: { id: call.world.deps.apps.meta?.id, name: 'Teloring Sandbox' },
    };
    return answer({
      data: waba.subscribed
        ? [{ ...app, ...(waba.override ? { override_callback_uri: waba.override } : {}) }]
        : [],
    });
  }
  waba.subscribed = call.method === 'POST';
  const override = textOf(call.fields.values['override_callback_uri']);
  if (flagOf(waba.subscribed) && override !== '') {
    if (!(await call.webhooks.handshake(override, textOf(call.fields.values['verify_token']))))
      throw new GraphRefusal(2200, '(#2200) Callback verification failed.');
  }
  waba.override = waba.subscribed && override !== '' ? override : null;
  return answer({ success: true });
}

const TEMPLATES = [
  {
    id: '1200000000000001',
    name: 'hello_world',
    status: 'APPROVED',
    category: 'UTILITY',
    language: 'en_US',
    components: [
      { type: 'BODY', text: 'Welcome and congratulations!! This message demonstrates a template.' },
    ],
    quality_score: { score: 'GREEN' },
  },
  {
    id: '1200000000000002',
    name: 'order_update',
    status: 'APPROVED',
    category: 'UTILITY',
    language: 'de',
    components: [{ type: 'BODY', text: 'Hallo {{1}}, deine Bestellung {{2}} ist unterwegs.' }],
    quality_score: { score: 'UNKNOWN' },
  },
  {
    id: '1200000000000003',
    name: 'paused_offer',
    status: 'PAUSED',
    category: 'MARKETING',
    language: 'en_US',
    components: [],
  },
];
/** What a template shows; null where there is none of this name and language. */
export function templateText(name: string, language: string): string | null {
  const found = TEMPLATES.find(
    (each) => each.name === name && each.language === language && each.status === 'APPROVED',
  );
  return found ? (found.components[0]?.text ?? '') : null;
}
