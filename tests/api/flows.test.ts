import { afterAll, beforeAll, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { askFlow } from '../support/flows.ts';

interface Flow {
  id: string;
  name: string;
  enabled: boolean;
  position: number;
  publishedVersionNo: number | null;
  hasUnpublishedChanges: boolean;
  draft: Record<string, unknown>;
  problems: { step: string | null; exit?: string; code: string; severity: string }[];
}
interface Refusal {
  error: { code: string; details: { step: string | null; exit?: string; code: string; message: string }[] };
}

let api: TestApi;
let json: Ask;
beforeAll(async () => {
  api = await createTestApi();
  json = asking(api, { as: 'builder' });
});
afterAll(() => api.close());

async function newFlow(name = 'Welcome'): Promise<Flow> {
  const { status, body } = await json<Flow>('/api/flows', { body: { name } });
  expect(status).toBe(201);
  return body;
}
const saveDraft = (id: string, draft: unknown) =>
  json<Flow & Partial<Refusal>>(`/api/flows/${id}/draft`, { method: 'PUT', body: draft });
const publish = (id: string) =>
  json<{ versionNo: number } & Refusal>(`/api/flows/${id}/publish`, { method: 'POST' });

test('a new flow is empty, behind the others, and not published', async () => {
  const [first, second] = [await newFlow(), await newFlow()];
  expect(first).toMatchObject({
    name: 'Welcome',
    enabled: true,
    publishedVersionNo: null,
    hasUnpublishedChanges: true,
  });
  expect(second.position).toBe(first.position + 1);
  expect(first.problems.map((problem) => problem.code)).toContain('missing_entry');
});

test('any object is a draft, kept as it is; what is wrong with it is told', async () => {
  const { id } = await newFlow();
  for (const draft of [
    {},
    { nonsense: [1, null, { deep: 'x' }] },
    { schemaVersion: 99 },
    { ...askFlow(), extra: 'kept' },
  ]) {
    const saved = await saveDraft(id, draft);
    expect([saved.status, saved.body.draft]).toEqual([200, draft]);
  }
  expect((await saveDraft(id, { schemaVersion: 1, steps: 5 })).body.problems[0]?.code).toBe('malformed');
  expect((await saveDraft(id, { text: 'a\u0000b\uD800' })).body.draft).toEqual({ text: 'a\uFFFDb\uFFFD' });
  for (const notAnObject of ['[]', '"text"', '5', 'null'])
    expect((await saveDraft(id, notAnObject)).status).toBe(422);
  expect((await saveDraft(id, '{"a":')).status).toBe(400);
  expect((await saveDraft(id, `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)).status).toBe(422);
  expect((await saveDraft(id, { a: 'x'.repeat(1024 * 1024) })).status).toBe(413);
});

test('a POST that says JSON and brings nothing asks for its defaults', async () => {
  const created = await json<{ id: string }>('/api/flows', { body: { name: 'Nothing more' } });
  const response = await api.request(`/api/flows/${created.body.id}/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  // It was read: what is wrong is the flow.
  expect(response.status).toBe(422);
});

test('publish: an unsound flow says where, and what is published stays', async () => {
  const { id } = await newFlow();
  await saveDraft(id, askFlow());
  expect((await publish(id)).body).toEqual({ versionNo: 1 });
  const broken = askFlow();
  await saveDraft(id, {
    ...broken,
    steps: { ...broken.steps, ask: { ...broken.steps['ask'], exits: { reply: 'nowhere' } } },
  });
  const refused = await publish(id);
  expect([refused.status, refused.body.error.code]).toEqual([422, 'not_publishable']);
  expect(refused.body.error.details).toEqual(
    expect.arrayContaining([expect.objectContaining({ step: 'ask', exit: 'reply', code: 'dangling_exit' })]),
  );
  expect((await json<Flow>(`/api/flows/${id}`)).body).toMatchObject({
    publishedVersionNo: 1,
    hasUnpublishedChanges: true,
  });
});

test('versions count up, never change, and an earlier one can be published again', async () => {
  const { id } = await newFlow();
  for (const timeoutSeconds of [10, 20, 30]) {
    await saveDraft(id, askFlow({ timeoutSeconds }));
    await publish(id);
  }
  expect((await json<Flow>(`/api/flows/${id}`)).body).toMatchObject({
    publishedVersionNo: 3,
    hasUnpublishedChanges: false,
  });
  expect((await json(`/api/flows/${id}/rollback`, { body: { versionNo: 1 } })).body).toEqual({
    versionNo: 1,
  });
  expect((await json<Flow>(`/api/flows/${id}`)).body).toMatchObject({
    publishedVersionNo: 1,
    draft: askFlow({ timeoutSeconds: 30 }),
  });
  expect((await json(`/api/flows/${id}/rollback`, { body: { versionNo: 9 } })).status).toBe(422);
  expect((await publish(id)).body).toEqual({ versionNo: 4 });
  const first = await json<{ items: { versionNo: number; definition: object }[]; nextCursor: string }>(
    `/api/flows/${id}/versions?limit=3`,
  );
  expect(first.body.items.map((version) => version.versionNo)).toEqual([4, 3, 2]);
  const rest = await json<{ items: { versionNo: number; definition: object }[]; nextCursor: null }>(
    `/api/flows/${id}/versions?limit=3&cursor=${first.body.nextCursor}`,
  );
  expect(rest.body).toMatchObject({
    items: [{ versionNo: 1, definition: askFlow({ timeoutSeconds: 10 }) }],
    nextCursor: null,
  });
  expect((await json(`/api/flows/${id}/versions/2`)).body).toMatchObject({
    versionNo: 2,
    definition: askFlow({ timeoutSeconds: 20 }),
  });
  expect((await json(`/api/flows/${id}/versions/99`)).status).toBe(404);
});

test('two publish at once: two numbers', async () => {
  const { id } = await newFlow();
  await saveDraft(id, askFlow());
  const answers = await Promise.all(Array.from({ length: 4 }, () => publish(id)));
  expect(answers.map((answer) => answer.body.versionNo).toSorted((one, other) => one - other)).toEqual([
    1, 2, 3, 4,
  ]);
});

test('a flow may name only what exists', async () => {
  const { id } = await newFlow();
  const flow = askFlow();
  await saveDraft(id, {
    ...flow,
    triggers: [{ kind: 'message_received', inboxIds: [uuidV7()], match: { kind: 'any' } }],
  });
  expect((await publish(id)).body.error.details.map((detail) => detail.code)).toEqual(['unknown_inbox']);
});

test('rename, switch off, move; delete', async () => {
  const { id } = await newFlow();
  const changed = await json<Flow>(`/api/flows/${id}`, {
    method: 'PATCH',
    body: { name: 'Other', enabled: false, position: 7 },
  });
  expect(changed.body).toMatchObject({ name: 'Other', enabled: false, position: 7 });
  expect((await json(`/api/flows/${id}`, { method: 'PATCH', body: { position: -1 } })).status).toBe(422);
  expect((await api.request(`/api/flows/${id}`, { method: 'DELETE', as: 'builder' })).status).toBe(204);
  for (const request of [{}, { method: 'DELETE' }, { method: 'PATCH', body: { name: 'x' } }]) {
    expect((await json(`/api/flows/${id}`, request)).status).toBe(404);
  }
  expect((await publish(id)).status).toBe(404);
});

test('simulating and replaying say that they are not there yet', async () => {
  const { id } = await newFlow();
  for (const what of ['simulate', 'replay']) {
    const { status, body } = await json<Refusal>(`/api/flows/${id}/${what}`, { method: 'POST', body: {} });
    expect([status, body.error.code]).toEqual([501, 'not_available_yet']);
  }
});

test('the list pages newest first', async () => {
  const all: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body }: { body: { items: Flow[]; nextCursor: string | null } } = await json(
      `/api/flows?limit=2${query}`,
    );
    all.push(...body.items.map((flow) => flow.id));
    cursor = body.nextCursor;
  }
  expect(all).toEqual(all.toSorted().toReversed());
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(5);
});
