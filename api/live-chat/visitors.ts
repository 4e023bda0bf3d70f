/** Who is asking: finds the inbox, checks the page's origin, the rates and the signed session. */
import type { Context } from 'hono';
import { liveChatDefinition } from '#channels/live_chat/definition.ts';
import {
  bearerToken,
  contactOf,
  readVisitorToken,
  type VisitorSession,
} from '#channels/live_chat/visitor-token.ts';
import type { InboxCache } from '#db/inbox-cache.ts';
import { derivedKey, type Keyring } from '#db/keyring.ts';
import { isEnded } from '#db/visitor-sessions.ts';
import type { VisitorKey } from '#db/visitors.ts';
import { isUuid } from '#domain/ids.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { ApiError } from '../middleware/errors.ts';
import { createBuckets, type Buckets } from '../middleware/rate-limit.ts';
import { mayCall } from './origins.ts';
import { settingsOf } from './settings.ts';

export type LiveChatDeps = Pick<
  ApiDeps,
  | 'config'
  | 'appDb'
  | 'engineDb'
  | 'keyring'
  | 'registry'
  | 'inboxes'
  | 'media'
  | 'engine'
  | 'log'
  | 'typing'
  | 'mailer'
>;
export type LiveChatInbox = NonNullable<Awaited<ReturnType<InboxCache['byId']>>>;

interface Rate {
  burst: number;
  perSecond: number;
}
/** Per address and per session: what may come at once, and per second after that. */
export interface VisitorLimits {
  address: Rate;
  session: Rate;
  /** Uploads of one session. */
  uploads: Rate;
  /** Uploads from one address: a session costs nothing, a stored file does. */
  addressUploads: Rate;
  /** Typing and receipts of one session: what is over is dropped by the browser, nothing is lost. */
  signals: Rate;
  /** Wrong proofs of identity from one address. */
  forgeries: Rate;
}
/** An address may be a whole office; a session is one person. */
export const defaultVisitorLimits: VisitorLimits = {
  address: { burst: 200, perSecond: 20 },
  session: { burst: 30, perSecond: 2 },
  uploads: { burst: 10, perSecond: 0.2 },
  addressUploads: { burst: 60, perSecond: 0.5 },
  signals: { burst: 30, perSecond: 2 },
  forgeries: { burst: 10, perSecond: 0.1 },
};

/** The keys of visitor sessions: the current one signs, older ones of the keyring still open. */
export function visitorKeys(keyring: Keyring): Uint8Array[] {
  const others = [...keyring.keys.keys()].filter((keyId) => keyId !== keyring.currentKeyId);
  return [keyring.currentKeyId, ...others].map((keyId) =>
    derivedKey({ currentKeyId: keyId, keys: keyring.keys }, 'visitor'),
  );
}

/** Whose rows a session may read. */
export function visitorOf(session: VisitorSession): VisitorKey {
  return { inboxId: session.inboxId, externalId: contactOf(session) };
}

export interface VisitorRequest {
  inbox: LiveChatInbox;
  session: VisitorSession;
  visitor: VisitorKey;
}
type Counted = 'session' | 'signals';

export interface Visitors {
  /** The inbox of the path. @throws ApiError 404 */
  inbox(c: Context<AppEnv>): Promise<LiveChatInbox>;
  /** Refuses pages the inbox doesn't allow (403) and addresses that ask too often (429). */
  admit(c: Context<AppEnv>, inbox: LiveChatInbox): void;
  /** The session the request carries, or null: also for one that was ended. */
  session(c: Context<AppEnv>, inbox: LiveChatInbox): Promise<VisitorSession | null>;
  /** All of it. @throws ApiError 401 without a valid session, 404, 403 (also where the website must vouch first), 429 */
  visitor(c: Context<AppEnv>, counted?: Counted): Promise<VisitorRequest>;
  /** @throws ApiError 429 */
  countUpload(c: Context<AppEnv>, session: VisitorSession): void;
  /** Counts a wrong proof of identity. @throws ApiError 429 */
  countForgery(c: Context<AppEnv>): void;
}

export function createVisitors(deps: LiveChatDeps, limits: VisitorLimits): Visitors {
  const keys = visitorKeys(deps.keyring);
  const buckets = {
    address: bucketsOf(limits.address),
    session: bucketsOf(limits.session),
    uploads: bucketsOf(limits.uploads),
    addressUploads: bucketsOf(limits.addressUploads),
    signals: bucketsOf(limits.signals),
    forgeries: bucketsOf(limits.forgeries),
  };
  const visitors: Visitors = {
    async inbox(c) {
      const id = c.req.param('inboxId') ?? '';
      const inbox = isUuid(id) ? await deps.inboxes.byId(id) : null;
      if (!inbox || inbox.deletedAt || inbox.type !== liveChatDefinition.type) {
        throw new ApiError(404, 'not_found', 'There is no Live Chat inbox with this id; nothing was stored.');
      }
      return inbox;
    },
    admit(c, inbox) {
      const origin = c.req.header('origin');
      if (!mayCall(deps.config, inbox, { origin, site: c.req.header('sec-fetch-site') })) {
        throw new ApiError(
          403,
          'origin_not_allowed',
          `${origin ?? 'This page'} may not use this chat. Its owner can add the address to the inbox's allowed websites.`,
        );
      }
      take(c, buckets.address, forwardedAddress(c));
    },
    async session(c, inbox) {
      const session = readVisitorToken(
        keys,
        bearerToken(c.req.header('authorization')),
        inbox.id,
        Date.now(),
      );
      if (!session) return null;
      const key = { ...visitorOf(session), visitorId: session.visitorId };
      return (await isEnded(deps.engineDb, key)) ? null : session;
    },
    async visitor(c, counted = 'session') {
      const inbox = await visitors.inbox(c);
      visitors.admit(c, inbox);
      const session = await visitors.session(c, inbox);
      if (!session) {
        throw new ApiError(
          401,
          'visitor_session_invalid',
          'This chat session is not valid here or is over. Ask for a new one.',
        );
      }
      if (session.personId === null && settingsOf(inbox).identity.required) throw identityRequired();
      take(c, buckets[counted], session.visitorId);
      return { inbox, session, visitor: visitorOf(session) };
    },
    countUpload(c, session) {
      take(c, buckets.uploads, session.visitorId);
      take(c, buckets.addressUploads, forwardedAddress(c));
    },
    countForgery(c) {
      take(c, buckets.forgeries, forwardedAddress(c));
    },
  };
  return visitors;
}

function bucketsOf({ burst, perSecond }: Rate): Buckets {
  return createBuckets(burst, perSecond);
}

export function identityRequired(): ApiError {
  return new ApiError(
    403,
    'identity_required',
    'Only visitors who are signed in on the website may chat here. Sign in there, then open the chat again.',
  );
}

function take(c: Context<AppEnv>, buckets: Buckets, key: string): void {
  const waitSeconds = buckets.take(key);
  if (waitSeconds === 0) return;
  c.header('Retry-After', String(waitSeconds));
  throw new ApiError(429, 'rate_limited', `Too many requests; try again in ${waitSeconds} s.`);
}
