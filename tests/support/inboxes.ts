/** Real messages into real inboxes over HTTP, without Temporal: accepted by the webhook, then ingested as the workflow would. */
import { createHmac } from 'node:crypto';
import { poolOf } from '#db/client.ts';
import { ingestOnly } from '#db/drive.ts';
import type { TestApi } from './api.ts';

export interface ApiInbox {
  id: string;
  secret: string;
}

export async function createApiInbox(api: TestApi, name = 'Shop'): Promise<ApiInbox> {
  const response = await api.request('/api/inboxes', {
    body: { type: 'api', name, credentials: { callbackUrl: 'http://127.0.0.1:9/callback' } },
  });
  if (response.status !== 201)
    throw new Error(`Create answered ${response.status}: ${await response.text()}`);
  const { inbox, secret } = (await response.json()) as { inbox: { id: string }; secret: string };
  return { id: inbox.id, secret };
}

export interface Received {
  eventId: string;
  messageId: string;
  conversationId: string;
}

/** One signed message of a contact, stored as far as the screens see it. */
export async function receive(
  api: TestApi,
  inbox: ApiInbox,
  message: { id: string; from?: { id: string; name?: string }; text: string; attachments?: object[] },
): Promise<Received> {
  const eventId = await accept(api, inbox, message);
  await ingestOnly(poolOf(api.deps.engineDb), eventId);
  const row = await api.deps.engineDb
    .selectFrom('inbound_events')
    .select(['message_id', 'conversation_id'])
    .where('id', '=', eventId)
    .executeTakeFirstOrThrow();
  return { eventId, messageId: row.message_id ?? '', conversationId: row.conversation_id ?? '' };
}

/** Only the webhook: accepted, not ingested. */
export async function accept(
  api: TestApi,
  inbox: ApiInbox,
  message: { id: string; from?: { id: string; name?: string }; text: string; attachments?: object[] },
): Promise<string> {
  const body = JSON.stringify({ from: { id: 'visitor-1', name: 'Ada' }, ...message });
  const seconds = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', inbox.secret).update(`${seconds}.${body}`).digest('hex');
  const response = await api.request(`/webhooks/api/${inbox.id}`, {
    as: 'nobody',
    body,
    headers: { 'X-Teloring-Signature': `t=${seconds},v1=${signature}` },
  });
  if (response.status !== 202)
    throw new Error(`The webhook answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { eventId: string }).eventId;
}
