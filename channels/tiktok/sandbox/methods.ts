/** The Business API's other endpoints, each answering what the real one answers. */
import { textOf } from '../../sandbox-courier.ts';
import type { JsonObject } from '#domain/json.ts';
import { accountOf, newSecret, nextId, recall, type Account, type World } from './account.ts';
import { answered, Refusal, tokenRefused } from './answers.ts';
import { acceptSend } from './sends.ts';

export interface Call {
  world: World;
  account: Account;
  request: Request;
  fields: JsonObject;
  file: File | null;
}
type Method = (call: Call) => Response | Promise<Response>;

export const SEND = 'POST /business/message/send/';

/** With an access token. */
export const methods: Readonly<Record<string, Method>> = {
  'GET /business/get/': ({ account }) =>
    answered({
      username: account.username,
      display_name: 'Sandbox Shop',
      profile_image: 'https://p16.tiktokcdn.com/sandbox.jpeg',
    }),
  [SEND]: ({ world, account, fields }) => acceptSend(world, account, fields),
  'POST /business/message/media/upload/': upload,
  'POST /business/message/media/download/': download,
};

const MAX_IMAGE_BYTES = 3 * 1024 * 1024;

async function upload({ world, fields, file }: Call): Promise<Response> {
  if (fields['media_type'] !== 'IMAGE' || !file)
    throw new Refusal(40_002, 'media_type and file are required.');
  if (!/^image\/(jpeg|png)$/.test(file.type) || file.size > MAX_IMAGE_BYTES)
    throw new Refusal(40_908, 'The file type is not supported.');
  const mediaId = nextId();
  world.files.set(mediaId, {
    bytes: new Uint8Array(await file.arrayBuffer()),
    mimeType: file.type,
    name: file.name,
  });
  return answered({ media_id: mediaId });
}

function download({ world, fields }: Call): Response {
  const { media_id: mediaId, conversation_id: conversationId, message_id: messageId } = fields;
  if (!conversationId || !messageId)
    throw new Refusal(40_002, 'conversation_id and message_id are required.');
  if (!world.files.has(textOf(mediaId))) throw new Refusal(40_007, 'The media does not exist.');
  return answered({ download_url: `${world.deps.sandboxUrl}/tiktok/api/media/${textOf(mediaId)}` });
}

/** With the app's id and secret. */
export const appMethods: Readonly<
  Record<string, (world: World, fields: JsonObject) => Response | Promise<Response>>
> = {
  'GET /business/webhook/list/': async (world, fields) => {
    checkApp(world, fields['app_id'], fields['secret']);
    await recall(world);
    const { callbackUrl } = world;
    return answered(
      callbackUrl
        ? { app_id: textOf(fields['app_id']), event_type: 'DIRECT_MESSAGE', callback_url: callbackUrl }
        : {},
    );
  },
  'POST /business/webhook/update/': (world, fields) => {
    checkApp(world, fields['app_id'], fields['secret']);
    const url = textOf(fields['callback_url']);
    // The real one takes https only; this one also the installation it belongs to.
    if (!url.startsWith('https://') && !url.startsWith(`${world.deps.publicUrl}/`))
      throw new Refusal(40_002, 'callback_url: Invalid URL.');
    world.callbackUrl = url;
    return answered({ callback_url: url });
  },
  'POST /tt_user/oauth2/token/': (world, fields) => {
    checkApp(world, fields['client_id'], fields['client_secret']);
    const code = textOf(fields['auth_code']);
    const grant = world.codes.get(code);
    world.codes.delete(code);
    if (!grant || grant.redirectUri !== fields['redirect_uri'])
      throw new Refusal(40_002, 'auth_code is invalid or used.');
    return tokens(world, grant.businessId, grant.scope);
  },
  'POST /tt_user/oauth2/refresh_token/': async (world, fields) => {
    checkApp(world, fields['client_id'], fields['client_secret']);
    await recall(world);
    const given = textOf(fields['refresh_token']);
    const known = world.refreshTokens.get(given);
    if (!known) throw new Refusal(40_105, 'Refresh token is incorrect or has been used.');
    world.refreshTokens.delete(given);
    world.ended.add(known.accessToken);
    return tokens(world, known.businessId, undefined);
  },
};

function tokens(world: World, businessId: string, scope: string | undefined): Response {
  const accessToken = newSecret('act');
  const refreshToken = newSecret('rft');
  world.refreshTokens.set(refreshToken, { businessId, accessToken });
  accountOf(world, businessId);
  return answered({
    open_id: businessId,
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in: 86_400,
    refresh_token_expires_in: 31_536_000,
    token_type: 'Bearer',
    ...(scope === undefined ? {} : { scope }),
  });
}

function checkApp({ deps }: World, id: unknown, secret: unknown): void {
  const { tiktok: app } = deps.apps;
  if (!app || id !== app.id || secret !== app.secret) throw tokenRefused();
}
