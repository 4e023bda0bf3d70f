/** Where a widget was seen: counted per origin, few kept of what anybody can claim, told to the inbox's own workspace only. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inWorkspace } from '#db/client.ts';
import { recordWebsites, websitesOf } from '#db/widget-websites.ts';
import { createSightings } from '../../api/live-chat/sightings.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createLiveChat, type LiveChat } from '../support/live-chat.ts';

let api: TestApi;
let chat: LiveChat;
beforeAll(async () => {
  api = await createTestApi();
  chat = await createLiveChat(api);
});
afterAll(() => api.close());

const inboxOf = (id: string) => ({ id, workspaceId: api.workspace.id });
const seen = (inboxId: string) =>
  inWorkspace(api.deps.appDb, api.workspace.id, (tx) => websitesOf(tx, inboxId));

it('adds loads up, and says what the last one was', async () => {
  const sightings = createSightings(api.deps);
  sightings.saw(inboxOf(chat.inboxId), 'https://shop.example', false);
  sightings.saw(inboxOf(chat.inboxId), 'https://shop.example', true);
  await sightings.flush();
  sightings.saw(inboxOf(chat.inboxId), 'https://shop.example', true);
  sightings.saw(inboxOf(chat.inboxId), 'javascript:alert(1)', false);
  sightings.saw(inboxOf(chat.inboxId), `https://${'a'.repeat(300)}.example`, false);
  await sightings.flush();
  expect(await seen(chat.inboxId)).toMatchObject([
    { origin: 'https://shop.example', isAllowed: true, loads: 3 },
  ]);
});

it('keeps the latest of what anybody can claim, beside the websites that are allowed', async () => {
  const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute));
  const claimed = Array.from({ length: 70 }, (_, index) => ({
    inboxId: chat.inboxId,
    workspaceId: api.workspace.id,
    origin: `https://evil-${index}.example`,
    isAllowed: false,
    loads: 1,
    lastAt: at(index),
  }));
  await recordWebsites(api.deps.engineDb, claimed);
  const websites = await seen(chat.inboxId);
  expect(websites.filter(({ isAllowed }) => !isAllowed)).toHaveLength(50);
  expect(websites.map(({ origin }) => origin)).toContain('https://evil-69.example');
  expect(websites.map(({ origin }) => origin)).not.toContain('https://evil-0.example');
  expect(websites.filter(({ isAllowed }) => isAllowed)).toHaveLength(1);
});

it('is told to members of the workspace, and not of another’s inbox', async () => {
  const own = await api.request(`/api/inboxes/${chat.inboxId}/websites`, { as: 'agent' });
  expect(own.status).toBe(200);
  expect(((await own.json()) as { items: unknown[] }).items).toHaveLength(51);
  const other = await api.request(`/api/inboxes/${chat.otherInboxId}/websites`, { as: 'admin' });
  expect(other.status).toBe(404);
});
