/** Live Chat over the test API: an inbox in each workspace, visitors, and threads as the engine would have written them. */
import { expect } from 'vitest';
import { sql } from 'kysely';
import { inWorkspace, poolOf } from '#db/client.ts';
import { mediaStored } from '#db/inbound-media.ts';
import { seal } from '#db/keyring.ts';
import { emit } from '#db/ui-events.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import type { VisitorState } from '../../api/live-chat/visitor-state.ts';
import type { TestApi } from './api.ts';

export const website = 'https://shop.example';

export interface Visitor {
  visitorId: string;
  token: string;
}
export interface ThreadPage {
  items: { id: string; seq: number; conversationId: string; parts: { kind: string; text?: string }[] }[];
  place: string | null;
  more: boolean;
  state: VisitorState;
}
export interface ThreadMessage {
  direction: 'in' | 'out' | 'internal';
  status: string;
  text: string;
  author?: 'agent' | 'bot';
}

export const as = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
export const newMessage = (text: string) => ({ clientMessageId: crypto.randomUUID(), text });

/** The same statement about somebody else, with the old signature. */
export function forge(token: string): string {
  const fields = token.split('.');
  fields[2] = crypto.randomUUID();
  return fields.join('.');
}

export async function createLiveChat(api: TestApi) {
  const inboxId = await createInbox(api, api.workspace.id);
  const otherInboxId = await createInbox(api, api.other.id);
  return {
    inboxId,
    /** Of another workspace. */
    otherInboxId,
    async visitor(inbox = inboxId): Promise<Visitor> {
      const response = await api.request(`/live-chat/${inbox}/session`, { as: 'nobody', method: 'POST' });
      expect(response.status).toBe(201);
      return (await response.json()) as Visitor;
    },
    post: (
      token: string,
      body: unknown,
      inbox = inboxId,
      headers: Record<string, string> = {},
    ): Promise<Response> =>
      api.request(`/live-chat/${inbox}/messages`, {
        as: 'nobody',
        body,
        headers: { ...as(token), ...headers },
      }),
    upload: (token: string, bytes: Uint8Array, name = ''): Promise<Response> =>
      api.request(`/live-chat/${inboxId}/media`, {
        as: 'nobody',
        method: 'POST',
        body: bytes,
        headers: {
          ...as(token),
          'content-type': 'application/octet-stream',
          'x-file-name': encodeURIComponent(name),
        },
      }),
    /** `POST <what>` of the visitor API. */
    ask: (
      token: string,
      what: string,
      body: unknown,
      inbox = inboxId,
      from = '127.0.0.1',
    ): Promise<Response> =>
      api.request(`/live-chat/${inbox}/${what}`, { as: 'nobody', body, headers: as(token), from }),
    /** Changes the inbox's settings as its admin would. */
    async set(settings: JsonObject): Promise<void> {
      const response = await api.request(`/api/inboxes/${inboxId}`, { method: 'PATCH', body: { settings } });
      if (response.status !== 200) throw new Error(await response.text());
    },
    async thread(visitor: Pick<Visitor, 'token'>, query = ''): Promise<ThreadPage> {
      const response = await api.request(`/live-chat/${inboxId}/messages${query}`, {
        as: 'nobody',
        headers: as(visitor.token),
      });
      expect(response.status).toBe(200);
      return (await response.json()) as ThreadPage;
    },
    stream: (token: string, query = '', inbox = inboxId): Promise<Response> =>
      api.request(`/live-chat/${inbox}/stream${query}`, { as: 'nobody', headers: as(token) }),
    /** What was accepted becomes messages, as its workflows would have made them. */
    async ingest(): Promise<void> {
      const pool = poolOf(api.deps.engineDb);
      const { rows } = await pool.query<{ id: string }>(
        `select id from inbound_events where ingested_at is null and kind = 'message' order by accept_no`,
      );
      for (const { id } of rows) await pool.query('select ingest_event($1)', [id]);
    },
    /** What ingress stored of this visitor, oldest first. */
    async stored(visitor: Visitor): Promise<{ id: string; payload: unknown }[]> {
      const rows = await api.deps.engineDb
        .selectFrom('inbound_events')
        .select(['provider_event_id as id', 'payload'])
        .where('provider_event_id', 'like', `${visitor.visitorId}:%`)
        .orderBy('accept_no')
        .execute();
      return rows;
    },
    createThread: (visitor: Visitor, status: 'open' | 'resolved' = 'open') =>
      createThread(api, inboxId, visitor, status),
  };
}
export type LiveChat = Awaited<ReturnType<typeof createLiveChat>>;

async function createInbox(api: TestApi, workspaceId: string): Promise<string> {
  const id = uuidV7();
  const credentials = Buffer.from(JSON.stringify({ allowedOrigins: [website, 'https://*.shop.example'] }));
  await api.deps.engineDb
    .insertInto('inboxes')
    .values({
      id,
      workspace_id: workspaceId,
      type: 'live_chat',
      name: 'Website',
      account_key: id,
      settings: JSON.stringify({ title: 'Ask </script><b>us', accentColor: '#ffd400' }),
      credentials: seal(api.deps.keyring, credentials, `inbox/${id}`),
    })
    .execute();
  return id;
}

/** A conversation as the engine would have written it. */
async function createThread(api: TestApi, inboxId: string, visitor: Visitor, status: 'open' | 'resolved') {
  const workspaceId = api.workspace.id;
  const known = await api.deps.engineDb
    .selectFrom('contacts')
    .select('id')
    .where('external_id', '=', visitor.visitorId)
    .executeTakeFirst();
  const contactId = known?.id ?? uuidV7();
  const conversationId = uuidV7();
  if (!known) {
    await api.deps.engineDb
      .insertInto('contacts')
      .values({
        id: contactId,
        workspace_id: workspaceId,
        inbox_id: inboxId,
        external_id: visitor.visitorId,
        fields: '{}',
      })
      .execute();
  }
  await api.deps.engineDb
    .insertInto('conversations')
    .values({
      id: conversationId,
      workspace_id: workspaceId,
      inbox_id: inboxId,
      contact_id: contactId,
      status,
      reply_address: '{}',
    })
    .execute();
  let seq = 0;
  return {
    conversationId,
    add: async (values: ThreadMessage): Promise<string> => {
      const id = uuidV7();
      seq += 1;
      const mine = seq;
      await inWorkspace(api.deps.engineDb, workspaceId, async (tx) => {
        await tx
          .insertInto('messages')
          .values({
            id,
            workspace_id: workspaceId,
            conversation_id: conversationId,
            inbox_id: inboxId,
            seq: mine,
            direction: values.direction,
            author_kind: values.direction === 'in' ? 'contact' : (values.author ?? 'agent'),
            author_id: values.direction === 'in' ? null : api.workspace.users.agent,
            author_name: values.author === 'bot' ? 'Secret flow name' : 'Ada',
            parts: JSON.stringify([{ kind: 'text', text: values.text }]),
            text: values.text,
            status: values.status,
            routing: JSON.stringify({ flowId: 'internal-routing' }),
          })
          .execute();
        await tx
          .updateTable('conversations')
          .set({ last_seq: mine })
          .where('id', '=', conversationId)
          .execute();
        await emit(tx, workspaceId, 'message.created', { conversationId, messageId: id, seq: mine });
      });
      return id;
    },
    /** A file of this message that is still on its way. */
    addFile: async (messageId: string): Promise<{ arrives(): Promise<void> }> => {
      const mediaId = uuidV7();
      const db = api.deps.engineDb;
      await db
        .updateTable('messages')
        .set({ parts: JSON.stringify([{ kind: 'image', mediaId, mimeType: 'image/png' }]) })
        .where('id', '=', messageId)
        .execute();
      await db
        .insertInto('media')
        .values({
          id: mediaId,
          workspace_id: workspaceId,
          inbox_id: inboxId,
          message_id: messageId,
          source: '{}',
          mime_type: 'image/png',
        })
        .execute();
      return {
        arrives: () =>
          mediaStored(poolOf(db), mediaId, {
            storageKey: mediaId,
            mimeType: 'image/png',
            sizeBytes: 1,
            name: null,
          }),
      };
    },
    takeBack: async (id: string): Promise<void> => {
      await inWorkspace(api.deps.engineDb, workspaceId, async (tx) => {
        await tx.updateTable('messages').set({ deleted_at: new Date() }).where('id', '=', id).execute();
        await emit(tx, workspaceId, 'message.updated', { conversationId, messageId: id });
      });
    },
    settle: async (id: string): Promise<void> => {
      await inWorkspace(api.deps.engineDb, workspaceId, async (tx) => {
        await tx
          .updateTable('messages')
          .set({ status: 'sent', provider_message_id: id, sent_at: sql<Date>`clock_timestamp()` })
          .where('id', '=', id)
          .execute();
        await emit(tx, workspaceId, 'message.updated', { conversationId, messageId: id });
      });
    },
  };
}
