/**
 * A double of Meta: graph.facebook.com, graph.instagram.com, api.instagram.com, both login dialogs and the CDN, below `/sandbox/meta`.
 * An account comes to be when it is first named with a token `sandbox-…`; any other token gets error 190.
 */
import type { ProviderSandbox, SandboxDeps } from '../sandbox-contract.ts';
import { answer, GraphRefusal, invalidParameter, refusalAnswer } from './sandbox/answers.ts';
import type { Call } from './sandbox/call.ts';
import { download } from './sandbox/cdn.ts';
import { appCall } from './sandbox/accounts.ts';
import { readCall, textOf } from './sandbox/fields.ts';
import { graphCall } from './sandbox/graph.ts';
import { createOAuth, type OAuth } from './sandbox/oauth.ts';
import { createMetaPhone } from './sandbox/phone.ts';
import { accountIdOf, accountOf, adopt, kindOf, META_TYPES } from './sandbox/recall.ts';
import { callerOf } from './sandbox/tokens.ts';
import { createWebhooks, type Webhooks } from './sandbox/webhooks.ts';
import { createWorld, type World } from './sandbox/world.ts';

/** `now`: the double's clock, which its windows, links and codes go by. */
export function createMetaSandbox(deps: SandboxDeps, now: () => number = Date.now): ProviderSandbox {
  const world = createWorld(deps, now);
  const webhooks = createWebhooks(world);
  const oauth = createOAuth(world);
  return {
    name: 'meta',
    types: META_TYPES,
    async handle(request, path) {
      const [, product = '', rest = ''] = /^\/([^/]+)(?:\/v\d+\.\d+)?(\/.*)?$/.exec(path) ?? [];
      if (product === 'dialog' || product === 'instagram-dialog')
        return oauth.dialog(product === 'dialog' ? 'facebook' : 'instagram', request);
      if (product === 'cdn') return download(world, request, rest);
      try {
        return await graph({ world, webhooks, oauth }, request, product, rest);
      } catch (error) {
        if (error instanceof GraphRefusal) return refusalAnswer(error);
        throw error;
      }
    },
    async phone(inbox) {
      const account = await accountOf(world, kindOf(inbox), accountIdOf(inbox));
      await adopt(world, account, inbox);
      return createMetaPhone({ world, webhooks }, account, inbox);
    },
  };
}

/** @throws GraphRefusal */
async function graph(
  { world, webhooks, oauth }: { world: World; webhooks: Webhooks; oauth: OAuth },
  request: Request,
  product: string,
  path: string,
): Promise<Response> {
  const fields = await readCall(request);
  if (!fields) throw invalidParameter('The body could not be parsed');
  // A body may say what the method should have been.
  const method = (textOf(fields.values['method']) || request.method).toUpperCase();
  const segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  const bearer = /^(?:Bearer|OAuth) (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  if (product === 'instagram-oauth') return oauth.instagramToken(fields);
  if (path === '/oauth/access_token') return oauth.facebookToken(fields);
  const anonymous = { token: '', pageId: '', instagramId: '' };
  const open: Call = { world, webhooks, method, segments, fields, bearer, caller: anonymous };
  const byApp = await appCall(open);
  if (byApp) return byApp;
  const caller = callerOf(world, request, fields);
  if (product === 'instagram' && /^\/(refresh_)?access_token$/.test(path))
    return answer({ access_token: caller.token, token_type: 'bearer', expires_in: 5_183_944 });
  return await graphCall({ ...open, caller }, product === 'instagram', request.signal);
}
