/** The widget's API: session, messages in, thread out, uploads. Called by our own frame, same origin. */
import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import type { RawRequest } from '#channels/contract.ts';
import { MAX_UPLOAD_BYTES, uploadTypeOf } from '#channels/live_chat/upload-types.ts';
import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';
import { uploadKey } from '#channels/live_chat/wire.ts';
import { inWorkspace } from '#db/client.ts';
import { visitorProfile } from '#db/visitor-profiles.ts';
import { latestConversationId, visitorThread, type ThreadPlace, type ThreadRange } from '#db/visitors.ts';
import { isUuid } from '#domain/ids.ts';
import { mustAnswer } from '#domain/live-chat/pre-chat.ts';
import type { AppEnv } from '../deps.ts';
import { bodyLimit, MAX_BODY_BYTES } from '../middleware/body-limit.ts';
import { ApiError } from '../middleware/errors.ts';
import { accept } from './accept.ts';
import { settingsOf } from './settings.ts';
import { parsePlace, placeText } from './visitor-places.ts';
import { completeUpTo, visitorMessage, type MediaLink } from './visitor-shapes.ts';
import { mustBeAsked, visitorState } from './visitor-state.ts';
import {
  identityRequired,
  visitorKeys,
  type LiveChatDeps,
  type VisitorRequest,
  type Visitors,
} from './visitors.ts';

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

  // A valid session is renewed for the same visitor; anything else begins a new one. A person's ends when it was to end: only the
  // website can vouch for longer.
  routes.post('/live-chat/:inboxId/session', async (c) => {
    const inbox = await visitors.inbox(c);
    visitors.admit(c, inbox);
    const known = await visitors.session(c, inbox);
    if (!known?.personId && settingsOf(inbox).identity.required) throw identityRequired();
    const visitorId = known?.visitorId ?? crypto.randomUUID();
    const personId = known?.personId ?? null;
    const expiresAtMs =
      known && personId !== null ? known.expiresAtMs : Date.now() + sessionDays * 86_400_000;
    const token = issueVisitorToken(keys, { inboxId: inbox.id, visitorId, personId, expiresAtMs });
    const expiresAt = new Date(expiresAtMs).toISOString();
    return c.json({ token, visitorId, expiresAt, renewed: known !== null }, 201);
  });

  routes.post('/live-chat/:inboxId/messages', bodyLimit(MAX_BODY_BYTES), async (c) => {
    const visitor = await visitors.visitor(c);
    const { inbox } = visitor;
    const request = await rawRequest(c, deps.config.publicUrl);
    const verdict = adapter.verify(inbox, request);
    if (verdict.kind === 'reject') throw new ApiError(verdict.status, verdict.code, verdict.message);
    const events = await adapter.parse(inbox, request);
    if (!Array.isArray(events) || events.some(({ kind }) => kind !== 'message'))
      throw new ApiError(400, 'malformed', Array.isArray(events) ? 'This is no message.' : events.message);
    await requireAnswers(deps, visitor);
    const [result] = await accept(deps, inbox, events, request.body);
    return c.json({ eventId: result?.eventId, duplicate: result?.duplicate ?? false }, 202);
  });

  routes.get('/live-chat/:inboxId/messages', async (c) => {
    const { inbox, session, visitor } = await visitors.visitor(c);
    const { rows, more, state } = await inWorkspace(deps.appDb, inbox.workspaceId, async (tx) => {
      const range = await rangeOf(c, () => latestConversationId(tx, visitor));
      const found = await visitorThread(tx, visitor, range, pageSize + 1);
      const backwards = range === 'end' || 'before' in range;
      const page = backwards ? found.slice(-pageSize) : found.slice(0, pageSize);
      return {
        rows: page,
        more: found.length > pageSize,
        state: await visitorState(tx, inbox, session, new Date()),
      };
    });
    return c.json({
      items: rows.map((row) => visitorMessage(row, link)),
      place: placeText(completeUpTo(rows)),
      more,
      state,
    });
  });

  routes.post('/live-chat/:inboxId/media', bodyLimit(MAX_UPLOAD_BYTES), async (c) => {
    const { inbox, session } = await visitors.visitor(c);
    visitors.countUpload(c, session);
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    // What the bytes are decides, not what the browser calls them.
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

/** The questions before the first message aren't only the browser's business. @throws ApiError 409 */
async function requireAnswers(deps: LiveChatDeps, { inbox, visitor }: VisitorRequest): Promise<void> {
  const { preChat } = settingsOf(inbox);
  if (!preChat.enabled || !mustAnswer(preChat)) return;
  const profile = await inWorkspace(deps.appDb, inbox.workspaceId, (tx) => visitorProfile(tx, visitor));
  if (!mustBeAsked(preChat, profile)) return;
  throw new ApiError(
    409,
    'pre_chat_required',
    'Please answer the questions first; what you wrote was not sent.',
  );
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
