/** A website vouches for who its visitor is, and says when they sign out. */
import type { Hono } from 'hono';
import { contactOf, issueVisitorToken, type VisitorSession } from '#channels/live_chat/visitor-token.ts';
import { identitySchema, type Identity } from '#channels/live_chat/wire.ts';
import { inWorkspace, type Tx } from '#db/client.ts';
import { openSecrets } from '#db/identity-secrets.ts';
import { becameOf, identifyVisitor } from '#db/visitor-profiles.ts';
import { endSession } from '#db/visitor-sessions.ts';
import type { AppEnv } from '../deps.ts';
import { bodyLimit, MAX_BODY_BYTES } from '../middleware/body-limit.ts';
import { ApiError } from '../middleware/errors.ts';
import { checkIdentity } from './identity.ts';
import { stateNow } from './visitor-state.ts';
import { bodyOf } from './visitor-signals.ts';
import { visitorKeys, visitorOf, type LiveChatDeps, type LiveChatInbox, type Visitors } from './visitors.ts';

const dayMs = 86_400_000;
/** A person's session: as long as their website would hardly leave them signed in without a visit. */
const personSessionMs = 7 * dayMs;
/** By then every session that was ended would be over by itself. */
const forgetMs = 31 * dayMs;

export function addVisitorIdentity(routes: Hono<AppEnv>, deps: LiveChatDeps, visitors: Visitors): void {
  const keys = visitorKeys(deps.keyring);
  const small = bodyLimit(MAX_BODY_BYTES);

  routes.post('/live-chat/:inboxId/identify', small, async (c) => {
    const inbox = await visitors.inbox(c);
    visitors.admit(c, inbox);
    const identity = await bodyOf(c, identitySchema);
    const secrets = await openSecrets(deps.engineDb, deps.keyring, inbox.id);
    const verdict = checkIdentity(identity, secrets, Date.now());
    if (verdict.kind === 'refused') {
      deps.log.warn(
        { inboxId: inbox.id, code: verdict.code },
        'live chat: a website’s proof of identity was refused',
      );
      visitors.countForgery(c);
      throw new ApiError(403, verdict.code, verdict.message);
    }
    const before = await visitors.session(c, inbox);
    const session = await becomePerson(deps, inbox, before, identity);
    const token = issueVisitorToken(keys, session);
    return c.json(
      {
        token,
        visitorId: session.visitorId,
        externalId: identity.externalId,
        expiresAt: new Date(session.expiresAtMs).toISOString(),
        state: await stateNow(deps, inbox, session),
      },
      201,
    );
  });

  // Idempotent, and no error without a session: whoever signs out is out.
  routes.post('/live-chat/:inboxId/logout', small, async (c) => {
    const inbox = await visitors.inbox(c);
    visitors.admit(c, inbox);
    const session = await visitors.session(c, inbox);
    if (session) await inWorkspace(deps.engineDb, inbox.workspaceId, (tx) => end(tx, inbox, session));
    return c.body(null, 204);
  });
}

/**
 * The session from now on. The one before ends with it, so that nobody who kept a copy speaks for the person. Only an anonymous
 * visitor's conversation goes along; who was another person until now begins anew.
 */
async function becomePerson(
  deps: LiveChatDeps,
  inbox: LiveChatInbox,
  before: VisitorSession | null,
  identity: Identity,
): Promise<VisitorSession> {
  const longestMs = Date.now() + personSessionMs;
  const session: VisitorSession = {
    inboxId: inbox.id,
    visitorId: before?.visitorId ?? crypto.randomUUID(),
    personId: identity.externalId,
    expiresAtMs: identity.exp === undefined ? longestMs : Math.min(longestMs, identity.exp * 1000),
  };
  const to = contactOf(session);
  return inWorkspace(deps.engineDb, inbox.workspaceId, async (tx) => {
    const isAnonymous = before !== null && before.personId === null;
    const isOther = before !== null && before.personId !== null && before.personId !== identity.externalId;
    const ended = (isAnonymous || isOther) && (await end(tx, inbox, before));
    // Another tab of this browser was first: with the same person it is the same visitor still.
    const wasFirst = isAnonymous && !ended ? (await becameOf(tx, visitorOf(before))) === to : !isOther;
    await identifyVisitor(tx, {
      workspaceId: inbox.workspaceId,
      inboxId: inbox.id,
      from: isAnonymous && ended ? before.visitorId : null,
      to,
      name: identity.name ?? null,
      email: identity.email ?? null,
      phone: identity.phone ?? null,
    });
    return wasFirst ? session : { ...session, visitorId: crypto.randomUUID() };
  });
}

async function end(tx: Tx, inbox: LiveChatInbox, session: VisitorSession): Promise<boolean> {
  const key = { ...visitorOf(session), visitorId: session.visitorId };
  return endSession(tx, inbox.workspaceId, key, new Date(Date.now() + forgetMs));
}
