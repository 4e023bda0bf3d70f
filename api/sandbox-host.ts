/** What the doubles need of us: a way to our webhooks, the apps they sign for, the inboxes connected to them. */
import type { AdapterInbox } from '#channels/contract.ts';
import type { SandboxDeps } from '#channels/sandbox-contract.ts';
import { poolOf } from '#db/client.ts';
import { sandboxInboxIds } from '#db/sandbox-inboxes.ts';
import type { Config } from './config.ts';
import type { ApiDeps } from './deps.ts';
import { sandboxApps } from './sandbox-apps.ts';

export function sandboxHost(deps: ApiDeps): SandboxDeps {
  return {
    deliver: (url, request) => deliverToUs(deps.config, url, request),
    publicUrl: deps.config.publicUrl,
    sandboxUrl: `${deps.config.loopbackUrl}/sandbox`,
    apps: sandboxApps(deps.keyring),
    async inboxes(types) {
      const ids = await sandboxInboxIds(poolOf(deps.engineDb), types);
      const found = await Promise.all(ids.map((id) => deps.inboxes.byId(id)));
      return found.filter((inbox): inbox is NonNullable<typeof inbox> & AdapterInbox => inbox !== null);
    },
  };
}

/**
 * Webhooks, and media by link, of this installation only, over loopback: PUBLIC_URL may not be reachable from here. Nothing else, for
 * anybody may tell a double where to deliver, and some answers are for this machine alone.
 */
async function deliverToUs(
  config: Config,
  url: string,
  request: Parameters<SandboxDeps['deliver']>[1],
): Promise<{ status: number; body: string; contentType?: string | null }> {
  if (!url.startsWith(`${config.publicUrl}/`)) return { status: 0, body: '' };
  const target = new URL(config.loopbackUrl + url.slice(config.publicUrl.length));
  const folders = request.method === 'POST' ? ['/webhooks/'] : ['/webhooks/', '/media/'];
  if (!folders.some((folder) => target.pathname.startsWith(folder))) return { status: 0, body: '' };
  const answer = await fetch(target, {
    method: request.method,
    headers: request.headers,
    ...(request.method === 'POST' ? { body: request.body } : {}),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  });
  return {
    status: answer.status,
    body: await answer.text(),
    contentType: answer.headers.get('content-type'),
  };
}
