/** What is answered is what openapi.json says: no field missing, none more. */
import type { z } from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conversationItemShape, conversationShape } from '../../api/shapes/conversation.ts';
import { customerDetailShape, customerShape } from '../../api/shapes/customer.ts';
import { flowDetailShape, flowShape, versionShape } from '../../api/shapes/flow.ts';
import { inboxShape } from '../../api/shapes/inbox.ts';
import { activityShape, messageShape } from '../../api/shapes/message.ts';
import { runShape, stepShape } from '../../api/shapes/run.ts';
import { traceShape } from '../../api/shapes/trace.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { fillWorkspace, type WorkspaceRows } from '../support/workspace-rows.ts';

let api: TestApi;
let json: Ask;
let rows: WorkspaceRows;
beforeAll(async () => {
  api = await createTestApi();
  json = asking(api);
  rows = await fillWorkspace(
    api.deps.engineDb,
    api.deps.keyring,
    api.workspace.id,
    'shapes',
    api.workspace.users.admin,
  );
});
afterAll(() => api.close());

const id = (name: string): string => rows.ids[name] ?? '';

test('lists and single things have exactly the documented fields', async () => {
  const lists: [string, z.ZodObject][] = [
    ['/api/inboxes', inboxShape],
    ['/api/conversations', conversationItemShape],
    [`/api/conversations/${id('conversation')}/messages`, messageShape],
    [`/api/conversations/${id('conversation')}/activities`, activityShape],
    ['/api/customers', customerShape],
    ['/api/flows', flowShape],
    [`/api/flows/${id('flow')}/versions`, versionShape],
    ['/api/runs', runShape],
    [`/api/runs/${id('run')}/steps`, stepShape],
  ];
  for (const [path, shape] of lists) {
    const { body } = await json<{ items: unknown[] }>(path);
    expect([path, body.items.length > 0]).toEqual([path, true]);
    for (const item of body.items)
      expect([path, shape.strict().safeParse(item).error]).toEqual([path, undefined]);
  }
  const single: [string, z.ZodObject][] = [
    [`/api/conversations/${id('conversation')}`, conversationShape],
    [`/api/customers/${id('customer')}`, customerDetailShape],
    [`/api/flows/${id('flow')}`, flowDetailShape],
    [`/api/runs/${id('event')}`, runShape],
    [`/api/messages/${id('message')}/trace`, traceShape],
  ];
  for (const [path, shape] of single) {
    const { body } = await json(path);
    expect([path, shape.strict().safeParse(body).error]).toEqual([path, undefined]);
  }
});

test('every route below /api is documented, with its answers', async () => {
  const { body } = await json<{ paths: Record<string, Record<string, { responses: object }>> }>(
    '/api/openapi.json',
  );
  const documented = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
  const ours = api.app.routes
    .filter(
      ({ method, path }) =>
        method !== 'ALL' &&
        /^\/api\/(inboxes|conversations|customers|flows|runs|messages|media|events)/.test(path),
    )
    .map(({ method, path }) => `${method} ${path}`);
  expect(ours.length).toBeGreaterThan(40);
  expect([...new Set(ours)].filter((route) => !documented.includes(route))).toEqual([]);
});
