/**
 * Doubles of providers, for sandbox inboxes; mounted only with TELORING_SANDBOX=1. What adapters call needs no login, as at the
 * provider: the token is the key. What moves the customers is in sandbox-control.ts and needs an admin.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { createSandboxes } from '#channels/sandboxes.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { createRouter } from '../openapi.ts';
import { sandboxHost } from '../sandbox-host.ts';
import { addSandboxControl } from './sandbox-control.ts';

/** Nothing at all where the sandbox is off. */
export function sandboxRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const app = createRouter();
  if (!deps.config.sandbox) return app;
  const sandboxes = createSandboxes(sandboxHost(deps));
  for (const sandbox of sandboxes) {
    const { name } = sandbox;
    const base = `/sandbox/${name}`;
    app.all(`${base}/*`, async (c) => {
      try {
        return await sandbox.handle(c.req.raw, c.req.path.slice(base.length));
      } catch (err) {
        // Logged here, for the general handler logs the path, and this one may hold a token.
        deps.log.error({ err, requestId: c.get('requestId') }, `the sandbox of ${name} failed`);
        return c.json({ error: { message: 'The sandbox failed; its log says why.' } }, 500);
      }
    });
  }
  addSandboxControl(app, deps, sandboxes);
  return app;
}
