/** The widget's API: session, messages in, thread out, uploads. Called by our own frame, same origin. */
import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import type { AdapterInbox, ChannelEvent, RawRequest } from '#channels/contract.ts';
import { MAX_UPLOAD_BYTES, uploadTypeOf } from '#channels/live_chat/upload-types.ts';
import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';
import { uploadKey } from '#channels/live_chat/wire.ts';
import { inWorkspace } from '#db/client.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import { latestConversationId, visitorThread, type ThreadPlace, type ThreadRange } from '#db/visitors.ts';
import { isUuid } from '#domain/ids.ts';
import type { AppEnv } from '../deps.ts';
import { bodyLimit, MAX_BODY_BYTES } from '../middleware/body-limit.ts';
import { ApiError } from '../middleware/errors.ts';
import { completeUpTo, visitorMessage, type MediaLink } from './visitor-shapes.ts';
import { visitorKeys, type LiveChatDeps, type Visitors } from './visitors.ts';

const sessionDays = 30;
const pageSize = 50;

export function addVisitorRoutes(
  routes: Hono<AppEnv>,
  deps: LiveChatDeps,
  visitors: Visitors,
  link: MediaLink,
): void {
  const keys = visitorKeys(deps.keyring);
  const adapter = deps.registry.live_chat;

  // A valid session is renewed for the same visitor; anything else begins a new one.
  routes.post('/live-chat/:inboxId/session', async (c) => {
    const inbox = await visitors.inbox(c);
    visitors.admit(c, inbox);
    const known = visitors.session(c, inbox);
    const visitorId = known?.visitorId ?? crypto.randomUUID();
    const expiresAtMs = Date.now() + sessionDays * 86_400_000;
    const token = issueVisitorToken(keys, {
      inboxId: inbox.id,
      visitorId,
      personId: known?.personId ?? null,
      expiresAtMs,
    });
    return c.json(
      { token, visitorId, expiresAt: new Date(expiresAtMs).toISOString(), renewed: known !== null },
      201,
    );
  });

  routes.post('/live-chat/:inboxId/messages', bodyLimit(MAX_BODY_BYTES), async (c) => {
    const { inbox } = await visitors.visitor(c);
    const request = await rawRequest(c, deps.config.publicUrl);
    const verdict = adapter.verify(inbox, request);
    if (verdict.kind === 'reject') throw new ApiError(verdict.status, verdict.code, verdict.message);
    const events = adapter.parse(inbox, request);
    if (!Array.isArray(events)) throw new ApiError(400, 'malformed', events.message);
    const [result] = await accept(deps, inbox, events, request.body);
    return c.json({ eventId: result?.eventId, duplicate: result?.duplicate ?? false }, 202);
  });

  routes.get('/live-chat/:inboxId/messages', async (c) => {
    const { inbox, session } = await visitors.visitor(c);
    const { rows, more } = await inWorkspace(deps.appDb, inbox.workspaceId, async (tx) => {
      const range = await rangeOf(c, () => latestConversationId(tx, session));
      const found = await visitorThread(tx, session, range, pageSize + 1);
      const backwards = range === 'end' || 'before' in range;
      const page = backwards ? found.slice(-pageSize) : found.slice(0, pageSize);
      return { rows: page, more: found.length > pageSize };
    });
    return c.json({
      items: rows.map((row) => visitorMessage(row, session.visitorId, link)),
      place: placeText(completeUpTo(rows)),
      more,
    });
  });

  routes.post('/live-chat/:inboxId/media', bodyLimit(MAX_UPLOAD_BYTES), async (c) => {
    const { inbox, session } = await visitors.visitor(c);
    visitors.countUpload(c, session);
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const type = await uploadTypeOf(bytes, fileNameOf(c.req.header('x-file-name')));
    if (!type) {
      throw new ApiError(
        415,
        'unsupported_media_type',
        'Files of this kind can’t be sent here. Send a picture, PDF, office document, audio, video, text or ZIP file.',
      );
    }
    const { mimeType } = type;
    const mediaId = `${uploadId(c.req.header('x-client-message-id'), session.visitorId)}.${type.ending}`;
    await deps.media.put(uploadKey(inbox.id, session.visitorId, mediaId), bytes, mimeType);
    return c.json({ mediaId, mimeType, sizeBytes: bytes.length }, 201);
  });
}

/** Headers carry ASCII: the browser writes the name as an URL would. */
function fileNameOf(header: string | undefined): string {
  try {
    return decodeURIComponent(header ?? '');
  } catch {
    return '';
  }
}

/** An upload repeated for the same message lands in the same place. */
function uploadId(clientMessageId: string | undefined, visitorId: string): string {
  if (clientMessageId === undefined || !isUuid(clientMessageId)) return crypto.randomUUID();
  const hex = createHash('sha256').update(`${visitorId}:${clientMessageId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

async function accept(deps: LiveChatDeps, inbox: AdapterInbox, events: ChannelEvent[], raw: Uint8Array) {
  const { id, workspaceId, accountKey, type } = inbox;
  const results = await acceptEvents(deps.engineDb, {
    type,
    inbox: { id, workspaceId, accountKey },
    events,
    raw,
  });
  deps.engine.eventsAccepted(results.filter(({ starts }) => starts));
  return results;
}

async function rawRequest(c: Context<AppEnv>, publicUrl: string): Promise<RawRequest> {
  return {
    method: c.req.method,
    url: publicUrl + c.req.path,
    headers: c.req.header(),
    body: new Uint8Array(await c.req.arrayBuffer()),
    receivedAtMs: Date.now(),
  };
}

/** `?after=` or `?before=`: a place as we gave it (`<conversation>:<seq>`), or a bare seq of the latest conversation. */
async function rangeOf(c: Context<AppEnv>, latest: () => Promise<string | null>): Promise<ThreadRange> {
  const [after, before] = [c.req.query('after'), c.req.query('before')];
  const text = after ?? before;
  if (text === undefined || text === '') return 'end';
  const place = parsePlace(text) ?? (await bareSeq(text, latest));
  if (place === 'none') return 'end';
  if (!place)
    throw new ApiError(
      400,
      'malformed',
      'after and before take a place as the last answer gave it, or a seq.',
    );
  return after === undefined ? { before: place } : { after: place };
}

async function bareSeq(
  text: string,
  latest: () => Promise<string | null>,
): Promise<ThreadPlace | 'none' | null> {
  if (!/^\d{1,15}$/.test(text)) return null;
  const conversationId = await latest();
  return conversationId === null ? 'none' : { conversationId, seq: Number(text) };
}

export function parsePlace(text: string): ThreadPlace | null {
  const [conversationId = '', seq = ''] = text.split(':');
  return isUuid(conversationId) && /^\d{1,15}$/.test(seq) ? { conversationId, seq: Number(seq) } : null;
}

export function placeText(place: ThreadPlace | null): string | null {
  return place && `${place.conversationId}:${place.seq}`;
}
