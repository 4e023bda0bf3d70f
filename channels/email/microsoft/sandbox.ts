/**
 * A double of Microsoft 365's mail, spoken over HTTP: `/login/…` is login.microsoftonline.com, `/graph/…` graph.microsoft.com. What it
 * answers is typed by Microsoft's own types.
 */
import { textOf } from '../../sandbox-courier.ts';
import type { ProviderSandbox, SandboxDeps } from '../../sandbox-contract.ts';
import { Refusal, refused, TokenRefusal, tokenRefusal } from './sandbox/answers.ts';
import { callGraph } from './sandbox/graph.ts';
import { dialog, token } from './sandbox/login.ts';
import { createMicrosoftPhone } from './sandbox/phone.ts';
import { mailboxOf, newWorld, recall } from './sandbox/world.ts';

export function createMicrosoftSandbox(deps: SandboxDeps): ProviderSandbox {
  const world = newWorld(deps);
  return {
    name: 'microsoft',
    types: ['email'],
    stands: ({ credentials }) => credentials['kind'] === 'microsoft',
    async handle(request, path) {
      try {
        const [, step] = /^\/login\/[^/]+\/oauth2\/v2\.0\/(authorize|token)$/.exec(path) ?? [];
        if (step === 'authorize') return dialog(world, new URL(request.url));
        if (step === 'token' && request.method === 'POST') return await token(world, request);
        const [, rest] = /^\/graph\/v1\.0(\/.*)$/.exec(path) ?? [];
        if (rest === undefined) return new Response('Not found', { status: 404 });
        return await callGraph(world, request, rest);
      } catch (error) {
        if (error instanceof Refusal) return refused(error);
        if (error instanceof TokenRefusal) return tokenRefusal(error);
        throw error;
      }
    },
    async phone(inbox) {
      await recall(world);
      return createMicrosoftPhone(world, mailboxOf(world, textOf(inbox.credentials['address'])));
    },
  };
}
