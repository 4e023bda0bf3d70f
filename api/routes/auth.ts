/** The auth library's endpoints that we offer; everything that changes memberships is ours (members, invitations). */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { authRequest, signIn } from '../auth/sign-in.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { createRouter } from '../openapi.ts';

const OFFERED = [
  'GET /get-session',
  'POST /sign-up/email',
  'POST /sign-out',
  'POST /change-password',
  'POST /request-password-reset',
  'GET /reset-password/:token',
  'POST /reset-password',
  'POST /update-user',
  'GET /list-sessions',
  'POST /revoke-session',
  'POST /revoke-other-sessions',
  'GET /organization/list',
  'POST /organization/set-active',
] as const;

const signInBody = z.object({ email: z.string().max(320) });

export function authRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.post('/api/auth/sign-in/email', async (c) => {
    const address = forwardedAddress(c);
    const body = await c.req.text();
    const email = signInBody.safeParse(parsed(body)).data?.email;
    const request = authRequest(c.req.raw, deps.config.publicUrl, address, body);
    // Without an address to count by, the library says what is missing.
    return email === undefined ? deps.auth.handler(request) : signIn(deps, email, address, request);
  });
  for (const offered of OFFERED) {
    const [method = '', path = ''] = offered.split(' ');
    app.on(method, `/api/auth${path}`, async (c) => {
      const body = method === 'GET' ? undefined : await c.req.text();
      return deps.auth.handler(authRequest(c.req.raw, deps.config.publicUrl, forwardedAddress(c), body));
    });
  }
  app.all('/api/auth/*', (c) => c.notFound());
  return app;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
